import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import sharp from 'sharp';

import { freePort } from '../../scripts/start/ports.mjs';
import { type StartedProcess, startProcess } from '../../scripts/start/process.mjs';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import { withSecrets } from '../../src/config/secrets-file.ts';
import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { labelTasks, tasksOf } from '../support/label-tasks.ts';
import { runScript } from '../support/run-script.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const HEADER = 'image,predicted_class,confidence,model_version,time';
const MANY = 12_000;
/** More than the empty tables take, and far less than all rows. */
const RECORDING_BYTES = 1_000_000;

describe('npm run audit: what else may happen', function () {
  this.timeout(240_000);
  let folder: string;
  let fake: FakeLabelStudio;
  let port: number;
  const started: StartedProcess[] = [];

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-audits-'));
    fake = await startFakeLabelStudio();
    port = await freePort();
    mkdirSync(at('images'));
    for (let index = 0; index < 8; index += 1) await drawPicture(`${index}.jpg`);
  });
  afterEach(async () => {
    for (const command of started.splice(0)) await command.stop();
  });
  after(async () => {
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const at = (...names: string[]): string => path.join(folder, ...names);
  const drawPicture = (file: string): Promise<unknown> =>
    sharp({ create: { width: 32, height: 32, channels: 3, background: '#47a' } })
      .jpeg()
      .toFile(at('images', file));

  function writeLog(name: string, images: readonly string[]): void {
    const rows = images.map((image) => `${image},cat,0.8,m1,2026-09-14T10:00:00Z`);
    writeFileSync(at(`${name}.csv`), [HEADER, ...rows, ''].join('\n'));
  }

  const settings = (): Record<string, string> => ({
    DATA_DIR: at('data'),
    LABEL_STUDIO_URL: fake.url,
    LABEL_STUDIO_TOKEN: fake.token,
  });
  const args = (name: string, budget: number): string[] => [
    ...[at(`${name}.csv`), '--images', at('images'), '--budget', String(budget)],
    ...['--classes', at('classes.txt'), '--port', String(port)],
  ];

  function start(name: string, budget: number, env = settings()): StartedProcess {
    writeFileSync(at('classes.txt'), 'cat\ndog\n');
    const command = startProcess({
      name: 'npm run audit',
      command: process.execPath,
      args: ['--import', 'tsx', path.join(ROOT, 'scripts/audit.ts'), ...args(name, budget)],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      logFile: at(`${name}.log`),
      cwd: ROOT,
    });
    started.push(command);
    return command;
  }

  async function said(command: StartedProcess, words: RegExp): Promise<void> {
    while (!words.test(command.tail(50))) {
      assert.ok(command.isRunning(), `it ended: ${command.tail(50)}`);
      await setTimeout(100);
    }
  }

  const storeOf = (name: string): string => at('data/audits', name, 'truthloop.sqlite');

  /** Waits until an audit has begun to record: what it records goes to this file first. */
  async function isRecording(name: string, command: StartedProcess): Promise<void> {
    const size = (): number =>
      statSync(`${storeOf(name)}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    while (size() < RECORDING_BYTES) {
      assert.ok(command.isRunning(), `it ended: ${command.tail(50)}`);
      await setTimeout(5);
    }
  }

  async function recordedIn(name: string): Promise<number> {
    const store = await openSqliteStore({ path: storeOf(name), log: createLog('silent') });
    let count = 0;
    for await (const page of store.recordsBetween(0, Date.now())) count += page.length;
    await store.close();
    return count;
  }

  it('a budget of all of the log is a census: the interval has no width, and it says why', async () => {
    writeLog('census', ['0', '1', '2', '3', '4', '5']);
    const command = start('census', 100);
    await said(command, /0 of 6 labelled/);
    assert.match(command.tail(50), /All 6 are to be labelled/);
    let index = 0;
    await labelTasks(fake, 'census ', () => ((index += 1) <= 2 ? 'dog' : 'cat'));
    assert.equal((await command.exited).code, 0, command.tail(50));
    const told = command.tail(50);
    assert.match(told, /m1: 6 of 6 labelled; accuracy 66\.7 % \(66\.7 % to 66\.7 %\)/);
    assert.match(told, /all 6 predictions of the log\. .* this is the accuracy itself/);
  });

  it('images that are not there are listed, and the accuracy is that of the others, as it says', async () => {
    writeLog('gaps', ['0', 'gone-1.jpg', '1', '2', 'gone-2.jpg', '3', '4', '5']);
    const command = start('gaps', 100);
    await said(command, /0 of 6 labelled/);
    assert.match(
      command.tail(50),
      /2 of their images .* left out \(gone-1.jpg, gone-2.jpg; all in/,
    );
    const list = readFileSync(at('data/audits/gaps/missing-images.txt'), 'utf8');
    assert.equal(list, 'gone-1.jpg\ngone-2.jpg\n');
    await labelTasks(fake, 'gaps ', () => 'cat');
    assert.equal((await command.exited).code, 0, command.tail(50));
    assert.match(command.tail(50), /6 predictions whose image was there, not of the 2 others/);
  });

  it('a drawn picture that nobody can open counts as not answered; mended, it is taken at the next start', async () => {
    writeFileSync(at('images/broken.jpg'), 'no picture');
    writeLog('broken', ['0', '1', '2', '3', '4', 'broken']);
    const first = start('broken', 100);
    await said(first, /0 of 6 labelled/);
    assert.match(first.tail(50), /broken can't be shown to anybody: /);
    assert.equal(await labelTasks(fake, 'broken ', () => 'cat'), 5);
    assert.equal((await first.exited).code, 0, first.tail(50));
    assert.match(first.tail(50), /5 of 6 labelled/);
    await drawPicture('broken.jpg');
    const second = start('broken', 100);
    await said(second, /Label at /);
    while ((await tasksOf(fake, 'broken ')).length < 6) await setTimeout(100);
    assert.equal(await labelTasks(fake, 'broken ', () => 'cat'), 1);
    assert.equal((await second.exited).code, 0, second.tail(50));
    assert.match(second.tail(50), /6 of 6 labelled/);
  });

  it('killed while it records, it goes on: every row once, one sample', async () => {
    writeLog(
      'long',
      Array.from({ length: MANY }, (_, index) => String(index % 8)),
    );
    const first = start('long', 20);
    await isRecording('long', first);
    first.kill();
    await first.exited;
    const kept = await recordedIn('long');
    assert.ok(kept > 0 && kept < MANY, `${kept} were recorded when it was killed`);
    assert.deepEqual(await tasksOf(fake, 'long '), []);
    const second = start('long', 20);
    await said(second, /0 of 20 labelled/);
    assert.equal(await labelTasks(fake, 'long ', () => 'cat'), 20);
    assert.equal((await second.exited).code, 0, second.tail(50));
    assert.match(second.tail(50), /all 12,000 predictions of the log\. 20 of them are labelled/);
  });

  it('on a full disk it keeps nothing of its plan: the same command begins once there is room', async () => {
    writeLog('full', ['0', '1', '2', '3', '4']);
    writeFileSync(at('classes.txt'), 'cat\ndog\n');
    withSecrets(settings(), at('data'), () => undefined);
    // No file may hold a byte: Node ignores the signal, so that writes fail with EFBIG.
    const audit = ['--import', 'tsx', path.join(ROOT, 'scripts/audit.ts'), ...args('full', 5)];
    const full = promisify(execFile)(
      'sh',
      ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, ...audit],
      { cwd: ROOT, env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings() } },
    );
    await assert.rejects(full, /EFBIG/);
    assert.deepEqual(readdirSync(at('data/audits/full')), []);
    await said(start('full', 5), /0 of 5 labelled/);
  });

  it('without Label Studio it says where it looks, and goes on by itself once it is there', async () => {
    const nowhere = await freePort();
    writeLog('waiting', ['0', '1', '2', '3', '4']);
    const LABEL_STUDIO_URL = `http://127.0.0.1:${nowhere}`;
    const command = start('waiting', 5, { ...settings(), LABEL_STUDIO_URL });
    await said(command, new RegExp(`Label Studio is looked for at ${LABEL_STUDIO_URL}; trying on`));
    await command.stop();
    assert.match(command.tail(2), /5 tasks are open: the same command goes on/);
    const again = start('waiting', 5);
    await said(again, /Label at /);
    assert.equal((await tasksOf(fake, 'waiting ')).length, 5);
  });

  it('what can not be used is told before anything is done', async () => {
    writeFileSync(at('bad.csv'), `${HEADER}\n0,cat,80,m1,2026-09-14\n`);
    const bad = await runScript('audit.ts', args('bad', 5), settings());
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /line 2: confidence "80": expected a number from 0 to 1/);
    writeLog('elsewhere', ['x.jpg', 'y.jpg']);
    const elsewhere = await runScript('audit.ts', args('elsewhere', 5), settings());
    assert.match(
      elsewhere.stderr,
      /No image of the log is in .*: the log names x.jpg, y.jpg; there/,
    );
    const nothing = await runScript('audit.ts', [at('census.csv')], settings());
    assert.match(nothing.stderr, /--images is missing/);
    const other = await runScript('audit.ts', args('census', 7), settings());
    assert.match(other.stderr, /The audit "census" began with --budget 100: go on with the same/);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: occupied } = taken.address() as AddressInfo;
    const busy = [...args('census', 100), '--port', String(occupied)];
    const second = await runScript('audit.ts', busy, settings());
    taken.close();
    assert.deepEqual([second.code, /Set --port to another/.test(second.stderr)], [2, true]);
    assert.ok(!existsSync(at('data/audits/bad')) && !existsSync(at('data/audits/elsewhere')));
  });
});
