import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { freePort, tryPort } from '../../scripts/start/ports.mjs';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
  /** Resolves when the output matches; rejects when it ends before. */
  readonly says: (pattern: RegExp) => Promise<void>;
}

describe('npm start, when something is wrong', function () {
  this.timeout(180_000);
  let folder: string;
  let started: Started | null = null;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-start-'));
  });
  afterEach(async () => {
    started?.child.kill('SIGTERM');
    await started?.ended;
    started = null;
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  /** A web role that needs neither model nor Label Studio, on free ports. */
  async function environment(): Promise<Record<string, string | undefined>> {
    const classes = path.join(folder, 'classes.json');
    writeFileSync(classes, JSON.stringify(['ash', 'birch', 'cedar']));
    const PATH = path.join(folder, 'bin');
    mkdirSync(PATH, { recursive: true });
    symlinkSync(process.execPath, path.join(PATH, 'node'));
    return {
      PATH,
      HOME: folder,
      DATA_DIR: path.join(folder, 'data'),
      ROLES: 'web',
      CLASSES_FILE: classes,
      WEB_PORT: String(await freePort()),
      SYNC_PORT: String(await freePort()),
      LABEL_STUDIO_PORT: String(await freePort()),
    };
  }

  function start(env: Record<string, string | undefined>): Started {
    const child = spawn(process.execPath, ['scripts/start.mjs'], { cwd: ROOT, env });
    let said = '';
    const waiting = new Set<() => void>();
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      waiting.forEach((look) => {
        look();
      });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const says = (pattern: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(said)) resolve();
        };
        waiting.add(look);
        look();
        void ended.then(() => {
          reject(new Error(said));
        });
      });
    started = { child, said: () => said, ended, says };
    return started;
  }

  const childrenOf = (pid: number): number[] =>
    execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(Number);

  it('a port in use: names the setting and a free port, exit code 1, nothing started', async () => {
    const env = await environment();
    const server = net.createServer();
    await new Promise<void>((resolve) => {
      server.listen(Number(env['WEB_PORT']), '127.0.0.1', resolve);
    });
    const { ended, said } = start(env);
    assert.equal(await ended, 1);
    server.close();
    assert.match(said(), /setting WEB_PORT\) is in use; \d+ is free/);
    assert.equal(existsSync(path.join(folder, 'data', 'logs')), false);
  });

  it('bad settings: every fault in one message, exit code 1', async () => {
    const env = { ...(await environment()), SHARE_RANDOM: '2', WINDOWS: 'soon' };
    const { ended, said } = start(env);
    assert.equal(await ended, 1);
    assert.match(said(), /SHARE_RANDOM=2/);
    assert.match(said(), /WINDOWS=soon/);
    assert.doesNotMatch(said(), /at .*\.m?js:\d+/, 'no stack');
  });

  it('no Python: says which ones would do and how to get one, exit code 1', async () => {
    const env: Record<string, string | undefined> = { ...(await environment()), ROLES: 'web,sync' };
    const { ended, said } = start(env);
    assert.equal(await ended, 1);
    assert.match(said(), /Python 3\.10 to 3\.13 is needed.*None could be run/);
    assert.equal(await tryPort(Number(env['WEB_PORT']), '127.0.0.1'), Number(env['WEB_PORT']));
  });

  it('a program that dies: says which and why, exit code 1, no port left', async () => {
    const env = await environment();
    const { child, ended, said, says } = start(env);
    await says(/Truthloop is running/);
    const [program] = childrenOf(child.pid ?? 0);
    process.kill(program ?? 0, 'SIGKILL');
    assert.equal(await ended, 1);
    assert.match(said(), /Truthloop ended by itself \(signal SIGKILL\)/);
    assert.equal(await tryPort(Number(env['WEB_PORT']), '127.0.0.1'), Number(env['WEB_PORT']));
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal}: everything ends, exit code 0, no port left`, async () => {
      const env = await environment();
      const { child, ended, said, says } = start(env);
      await says(/Truthloop is running/);
      child.kill(signal);
      assert.equal(await ended, 0, said());
      assert.equal(await tryPort(Number(env['WEB_PORT']), '127.0.0.1'), Number(env['WEB_PORT']));
    });
  }

  it('Ctrl-C during the start ends what was started, too', async () => {
    const env = await environment();
    const { child, ended, says } = start(env);
    await says(/Waiting for Web/);
    child.kill('SIGINT');
    assert.equal(await ended, 0);
    assert.equal(await tryPort(Number(env['WEB_PORT']), '127.0.0.1'), Number(env['WEB_PORT']));
  });
});
