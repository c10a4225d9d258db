import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';

import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { withSecrets } from '../../src/config/secrets-file.ts';
import { backup } from '../../src/operate/backup.ts';
import { CommandFailed } from '../../src/operate/command.ts';
import { restore } from '../../src/operate/restore.ts';
import { databasePath } from '../../src/wire/records.ts';
import { temporaryFolder } from '../servers/server.ts';

const quiet = (): void => undefined;

describe('secrets that a person chose', () => {
  let folder: string;

  beforeEach(() => {
    folder = temporaryFolder('secrets');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const made = Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)]));
  const saved = (): string => path.join(folder, 'backup');

  /** Backs an installation up that has records, and these secrets from its environment. */
  async function backUp(secrets: Readonly<Record<string, string>>): Promise<void> {
    const env = { ...made, ...secrets, DATA_DIR: path.join(folder, 'data') };
    const database = databasePath(parseConfig(env));
    await (await openSqliteStore({ path: database, log: createLog('silent') })).close();
    await backup.run([saved()], { env, say: quiet, print: quiet });
  }

  it('come back from a backup as they were, whatever quotes they hold', async () => {
    const chosen = {
      LABEL_STUDIO_PASSWORD: "it's-a-long-secret-pw",
      WEBHOOK_SECRET: 'she said "yes": #1 of $HOME',
      OPS_KEY: `it's "a key" \\n of an operator`,
      INGEST_KEY: `'a key within quotes'`,
    };
    await backUp(chosen);
    const DATA_DIR = path.join(folder, 'restored');
    await restore.run([saved()], { env: { DATA_DIR }, say: quiet, print: quiet });
    assert.deepEqual(withSecrets({ DATA_DIR }, DATA_DIR, quiet), { ...made, ...chosen, DATA_DIR });
  });

  it('that no file could give back are named, without their value, before anything is copied', async () => {
    const OPS_KEY = `it's "a key" of \`many\` quotes`;
    await assert.rejects(backUp({ OPS_KEY }), (error: Error) => {
      assert.ok(error instanceof CommandFailed);
      assert.match(error.message, /^OPS_KEY can't be written .* Nothing was copied/);
      assert.doesNotMatch(error.message, /many/);
      return true;
    });
    assert.ok(!existsSync(saved()));
  });
});
