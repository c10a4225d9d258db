import { NONE_OF_THESE } from '../../domain/prediction.ts';
import { escapeXml } from './escape-xml.ts';

/** Keys for classes, in order: those under which Label Studio's page has a command of its own are left out. */
const HOTKEYS = '1234567890qtyasdfgjlxc';
const NONE_HOTKEY = 'n';

/**
 * The label configuration with its choices: the classes in the order given, then "None of these". Label Studio shows the
 * key beside each; classes beyond the keys are chosen by pointer.
 * @param template Label Studio's XML with `{{choices}}` and `{{revealed}}`
 * @param classes class names as the model gives them
 * @param revealed XML that shows the model's answer, or ''
 */
export function fillLabelConfig(
  template: string,
  classes: readonly string[],
  revealed: string,
): string {
  const choices = [
    ...classes.map((name, index) => choice(name, HOTKEYS[index])),
    choice(NONE_OF_THESE, NONE_HOTKEY),
  ];
  return template
    .replace('{{revealed}}', () => revealed.trim())
    .replace('{{choices}}', () => choices.join(''))
    .replace(/\n\s*(?=\n)/g, '')
    .trim();
}

const choice = (name: string, hotkey: string | undefined): string =>
  `<Choice value="${escapeXml(name)}"${hotkey === undefined ? '' : ` hotkey="${hotkey}"`}/>`;
