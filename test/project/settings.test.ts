import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

import { envExample, settingsPage } from '../../scripts/docs-settings.ts';
import { GROUPS } from '../../scripts/settings/descriptions.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { settingsSchema } from '../../src/config/settings-schema.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('the settings as they are told', () => {
  it('are those of the schema, each once', () => {
    const told = GROUPS.flatMap(([, settings]) => Object.keys(settings));
    assert.deepEqual([...told].sort(), Object.keys(settingsSchema.shape).sort());
  });

  it('docs/settings.md is what npm run docs:settings makes', async () => {
    assert.equal(read('docs/settings.md'), await settingsPage());
  });

  it('.env.example is what npm run docs:settings makes, and names every setting', () => {
    assert.equal(read('.env.example'), envExample());
    for (const name of Object.keys(settingsSchema.shape))
      assert.match(read('.env.example'), new RegExp(`^# ${name}=`, 'm'));
  });

  it('a .env with every default written out gives the settings that nothing at all gives', () => {
    const secrets = Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)]));
    const writtenOut = read('.env.example').replaceAll(/^# ([A-Z0-9_]+=.*)$/gm, '$1');
    const given = Object.entries(parseEnv(writtenOut)).filter(([, value]) => value !== '');
    assert.deepEqual(
      parseConfig({ ...Object.fromEntries(given), ...secrets }),
      parseConfig(secrets),
    );
  });
});
