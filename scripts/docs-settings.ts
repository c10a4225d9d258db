// `npm run docs:settings`: docs/settings.md and .env.example from the schema and the descriptions.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import * as prettier from 'prettier';

import { settingsSchema } from '../src/config/settings-schema.ts';
import { type Description, GROUPS, type SettingName } from './settings/descriptions.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

const INTRODUCTION = `# Settings

Generated from \`src/config/settings-schema.ts\` by \`npm run docs:settings\`; a test compares the two.

Settings come from the environment, or from a file \`.env\` in the repository's folder (the environment wins). They are read once; a bad value stops the start with every fault named. An empty value counts as not set. Secrets that are not set come from \`DATA_DIR/secrets.env\`, which the first start makes (except with \`STORE=redis\`, where all processes need the same ones).
`;

const FOR_THE_START = `## Read by npm start alone

| setting | when it is not set | meaning |
| --- | --- | --- |
| \`PYTHON\` | the newest of Python 3.10 to 3.13 on the PATH | Python for Label Studio and for making the model |
| \`LABEL_STUDIO_VENV\` | \`~/.cache/truthloop/label-studio-1.23.2\` | virtual environment of Label Studio; several installations may share one |
| \`XDG_CACHE_HOME\` | \`~/.cache\` | where \`truthloop/\` keeps what can be made again |
`;

const ENV_INTRODUCTION = `# Copy this file to .env and change what you need; docs/settings.md tells what each setting means.
# Everything here is optional: the values shown are the defaults. The environment wins over this file.
`;

/** A list becomes what a person would write. */
const asText = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

/** @returns the default as it would be written, or null where there is none */
function presetOf(name: SettingName): string | null {
  const parsed = settingsSchema.shape[name].safeParse(undefined);
  return parsed.success && parsed.data !== undefined ? asText(parsed.data) : null;
}

function valuesOf(name: SettingName, { values }: Description): string {
  const field = settingsSchema.shape[name];
  const rule = field.meta()?.['rule'] as string | undefined;
  return values ?? rule ?? optionsOf(field) ?? '';
}

/** The options of a choice, whatever is wrapped around it. */
function optionsOf(field: unknown): string | undefined {
  const { options, def } = field as { options?: string[]; def?: { innerType?: unknown } };
  if (options !== undefined) return options.join(', ');
  return def?.innerType === undefined ? undefined : optionsOf(def.innerType);
}

const settingsOf = (settings: Readonly<Partial<Record<SettingName, Description>>>) =>
  Object.entries(settings) as [SettingName, Description][];

/** @returns docs/settings.md as the schema has it now */
export async function settingsPage(): Promise<string> {
  const sections = GROUPS.map(([title, settings]) => {
    const rows = settingsOf(settings).map(([name, description]) => {
      const preset = presetOf(name);
      const unset = description.unset ?? (preset === null ? '' : `\`${preset}\``);
      return `| \`${name}\` | ${unset} | ${valuesOf(name, description)} | ${description.text} |`;
    });
    const head = '| setting | default | what it may be | meaning |\n| --- | --- | --- | --- |';
    return `## ${title}\n\n${head}\n${rows.join('\n')}\n`;
  });
  const page = [INTRODUCTION, ...sections, FOR_THE_START].join('\n');
  const file = path.join(ROOT, 'docs', 'settings.md');
  return prettier.format(page, { ...(await prettier.resolveConfig(file)), parser: 'markdown' });
}

/** @returns .env.example as the schema has it now: every line a comment */
export function envExample(): string {
  const sections = GROUPS.map(([title, settings]) => {
    const lines = settingsOf(settings).map(
      ([name, { text }]) => `# ${text}\n# ${name}=${presetOf(name) ?? ''}`,
    );
    return `# --- ${title}\n\n${lines.join('\n\n')}\n`;
  });
  return [ENV_INTRODUCTION, ...sections].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(path.join(ROOT, 'docs', 'settings.md'), await settingsPage());
  await writeFile(path.join(ROOT, '.env.example'), envExample());
}
