import { escapeXml } from './escape-xml.ts';

/** Label Studio's styles overrule a height. */
const WIDTH = 160;

/** A picture of a class, with an address that annotators' browsers reach. */
export interface ShownExample {
  readonly className: string;
  readonly url: string;
}

/**
 * What annotators read before they begin. Label Studio takes pictures by http only, and hands the text back as its
 * sanitizer leaves it: what is written here must pass unchanged, or each look at the project writes it again.
 * @param template with `{{purpose}}` and `{{examples}}`
 */
export const fillInstruction = (
  template: string,
  purpose: string,
  examples: readonly ShownExample[],
): string =>
  template
    .replace('{{purpose}}', () => purpose)
    .replace('{{examples}}', () => examplesHtml(examples))
    .replaceAll(' />', '>')
    .trim();

function examplesHtml(examples: readonly ShownExample[]): string {
  if (examples.length === 0) return '';
  const names = [...new Set(examples.map(({ className }) => className))];
  const rows = names.map((name) => {
    const pictures = examples.filter(({ className }) => className === name);
    return `<br><p><b>${escapeXml(name)}</b><br>${pictures.map(pictureHtml).join(' ')}</p>`;
  });
  return `<br><h4>What the classes look like</h4>${rows.join('')}`;
}

const pictureHtml = ({ className, url }: ShownExample): string =>
  `<img src="${escapeXml(url)}" alt="${escapeXml(className)}" width="${WIDTH}">`;
