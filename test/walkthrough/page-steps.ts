/** One step of a page of instructions: commands, and what they print. */
export interface Step {
  readonly heading: string;
  readonly commands: string;
  /** Null where the page shows no output. */
  readonly expected: string | null;
}

const FENCE = /^## (.+)$|^```(sh|text)\n([\s\S]*?)^```$/gm;

/** The steps of a Markdown page: each `sh` block with the `text` block that follows it, if one does. */
export function stepsOf(page: string): readonly Step[] {
  const steps: Step[] = [];
  let heading = '';
  for (const [, title, language, text = ''] of page.matchAll(FENCE)) {
    const last = steps.at(-1);
    if (title !== undefined) heading = title;
    else if (language === 'sh') steps.push({ heading, commands: text, expected: null });
    else if (last?.expected === null) steps[steps.length - 1] = { ...last, expected: text };
    else throw new Error(`The page shows output without a command:\n${text}`);
  }
  return steps;
}

const LINE_RULES: readonly (readonly [RegExp, string])[] = [
  [/[\\^$.*+?()[\]{}|]/g, '\\$&'],
  [/\bN\b/g, '[1-9]\\d*'],
  [/…/g, '.+'],
];

/** What a step may print: as the page says, where `N` is any number above 0 and `…` is any text. */
export function pattern(expected: string): RegExp {
  const escaped = LINE_RULES.reduce((text, [part, into]) => text.replace(part, into), expected);
  return new RegExp(`^\\s*${escaped.trim()}\\s*$`);
}
