import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';

import { startProcess } from '../../scripts/start/process.mjs';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import { temporaryFolder, writeText } from '../servers/server.ts';

describe('commands that read the records, ended by Ctrl-C', function () {
  this.timeout(60_000);
  /** Takes connections and never answers: who has called it has the copy, and waits. */
  const silent = net.createServer();
  const called = (): Promise<unknown> =>
    new Promise((resolve) => silent.once('connection', resolve));
  let folder: string;
  let env: Record<string, string | undefined>;

  before(async function () {
    this.timeout(300_000);
    await demoModel();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    folder = temporaryFolder('ended-early');
    const [dataDir, temporary] = ['data', 'tmp'].map((name) => path.join(folder, name));
    for (const place of [dataDir, temporary]) mkdirSync(place ?? '');
    const store = await openSqliteStore({
      path: path.join(dataDir ?? '', 'truthloop.sqlite'),
      log: createLog('silent'),
    });
    await store.close();
    env = {
      ...{ PATH: process.env['PATH'], TMPDIR: temporary, DATA_DIR: dataDir },
      ...{ OBJECTS: 's3', S3_BUCKET: 'photos', S3_ENDPOINT: `http://127.0.0.1:${port}` },
      ...{ AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'of-the-test' },
      OPS_KEY: 'ops-key-of-the-test',
      CLASSES_FILE: writeText(folder, 'classes.json', '["cat","dog"]'),
    };
  });
  after(() => silent.close());

  for (const [script, ...args] of [
    ['evaluate.ts', '--model', DEMO_MODEL],
    ['export.ts', 'dataset', '--out', 'never'],
  ] as const)
    it(`${script} leaves no copy of them behind`, async () => {
      const waits = called();
      const command = startProcess({
        name: script,
        command: process.execPath,
        args: ['--import', 'tsx', path.resolve('scripts', script), ...args],
        env,
        logFile: path.join(folder, `${script}.log`),
      });
      const reached = await Promise.race([waits.then(() => true), command.exited]);
      assert.equal(reached, true, command.tail());
      assert.notDeepEqual(copies(), [], 'it has one while it runs');
      process.kill(command.pid, 'SIGINT');
      const { code } = await command.exited;
      assert.deepEqual(copies(), []);
      assert.equal(code, 130, command.tail());
    });

  const copies = (): string[] =>
    readdirSync(env['TMPDIR'] ?? '').filter((name) => name.startsWith('truthloop-copy-'));
});
