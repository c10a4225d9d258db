import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startProcess, waitUntilReady } from '../../scripts/start/process.mjs';
import { run } from '../../scripts/start/run.mjs';
import { openSession } from '../../scripts/start/session.mjs';

describe('processes that npm start runs', function () {
  this.timeout(20_000);

  let folder: string;
  const logFile = (): string => path.join(folder, 'child.log');
  const node = (script: string, name = 'child'): Parameters<typeof startProcess>[0] => ({
    name,
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    logFile: logFile(),
  });
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  const nextTry = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
  const logged = async (pattern: RegExp, file = logFile()): Promise<RegExpExecArray> => {
    for (;;) {
      const found = existsSync(file) ? pattern.exec(readFileSync(file, 'utf8')) : null;
      if (found !== null) return found;
      await nextTry();
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-process-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('end together with the processes that they started', async () => {
    const child = startProcess(
      node(
        `const { pid } = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
         console.log('grandchild ' + pid + '.'); setInterval(() => {}, 1e6)`,
      ),
    );
    const grandchild = Number((await logged(/grandchild (\d+)\./))[1]);
    await child.stop();
    assert.equal(child.isRunning(), false);
    while (isAlive(grandchild)) await nextTry();
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    it(`end with an installation that runs by itself, at ${signal}`, async () => {
      for (const name of ['install.mjs', 'start'])
        cpSync(path.resolve('scripts', name), path.join(folder, 'scripts', name), {
          recursive: true,
        });
      writeFileSync(path.join(folder, 'package-lock.json'), '{"packages":{}}');
      const npm = `#!/bin/sh\necho npm $$. > '${folder}/npm.log'\nexec sleep 30\n`;
      writeFileSync(path.join(folder, 'npm'), npm, { mode: 0o755 });
      const PATH = `${folder}${path.delimiter}${process.env['PATH'] ?? ''}`;
      const installing = startProcess({
        ...node('', 'the installation'),
        args: [path.join(folder, 'scripts', 'install.mjs')],
        env: { PATH, TMPDIR: folder },
      });
      const npmPid = Number((await logged(/npm (\d+)\./, path.join(folder, 'npm.log')))[1]);
      process.kill(installing.pid, signal);
      const exit = await installing.exited;
      assert.equal(exit.code, code);
      while (isAlive(npmPid)) await nextTry();
    });

  it('are ended by force when they do not listen', async () => {
    const child = startProcess(
      node(`process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1e6)`),
    );
    await logged(/deaf/);
    await child.stop(50);
    assert.equal((await child.exited).signal, 'SIGKILL');
  });

  it('that can’t be started are told with their name', async () => {
    const child = startProcess({ ...node('', 'Label Studio'), command: '/nonexistent/program' });
    await assert.rejects(
      waitUntilReady(child, () => Promise.resolve(false), 5000),
      /Label Studio could not be started: .*ENOENT/,
    );
  });

  it('that end before they are ready are told with the end of their log', async () => {
    const child = startProcess(node(`console.log('the reason'); process.exit(3)`));
    await assert.rejects(
      waitUntilReady(child, () => Promise.resolve(false), 60_000),
      /child ended by itself \(exit code 3\)[^]*the reason/,
    );
  });

  it('that never get ready are told after the time that was given', async () => {
    const child = startProcess(node(`setInterval(() => {}, 1e6)`));
    await assert.rejects(
      waitUntilReady(child, () => Promise.reject(new Error('refused')), 50),
      /did not answer within/,
    );
    await child.stop();
  });

  it('failures that people meet are told with what to do', async () => {
    const failing = (output: string): Promise<void> =>
      run(node(`console.log(${JSON.stringify(output)}); process.exit(1)`));
    await assert.rejects(failing('npm error code ENOSPC'), /^StartError: The disk is full/);
    await assert.rejects(
      failing('getaddrinfo EAI_AGAIN registry'),
      /^StartError: The network can’t be reached/,
    );
    await assert.rejects(failing('ensurepip is not available'), /python3-venv/);
    await assert.rejects(failing('something else'), /^StartError: child ended by itself/);
  });

  it('one that ends by itself ends the session with its reason; those of a stopped session say nothing', async () => {
    const session = openSession();
    session.start(node(`setInterval(() => {}, 1e6)`, 'the healthy one'));
    session.start(node(`console.log('out of memory'); process.exit(7)`, 'the sick one'));
    await assert.rejects(
      session.death,
      /the sick one ended by itself \(exit code 7\)[^]*out of memory/,
    );
    await session.stop();

    const quiet = openSession();
    const child = quiet.start(node(`setInterval(() => {}, 1e6)`));
    await quiet.stop();
    assert.equal(child.isRunning(), false);
    const outcome = await Promise.race([
      quiet.death.catch(() => 'death'),
      new Promise((resolve) => setImmediate(resolve, 'silence')),
    ]);
    assert.equal(outcome, 'silence');
  });

  it('nothing that is started after the end of the session stays', async () => {
    const session = openSession();
    await session.stop();
    const late = session.start(node(`setInterval(() => {}, 1e6)`));
    assert.equal((await late.exited).signal, 'SIGKILL');
  });
});
