import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import { createLog } from '../../../src/adapters/system/create-log.ts';
import type { Log } from '../../../src/ports/log.ts';

function written(level: 'info' | 'debug', write: (log: Log) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog(level, { write: (line: string) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('log', () => {
  it('writes one JSON line with time, level in words, event and fields', () => {
    const [line] = written('info', (log) => {
      log.info({ pushed: 3 }, 'push finished');
    });
    assert.equal(line?.['level'], 'info');
    assert.equal(line['event'], 'push finished');
    assert.equal(line['pushed'], 3);
    assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT/);
  });

  it('writes nothing below its level', () => {
    assert.equal(
      written('info', (log) => {
        log.debug({}, 'item');
      }).length,
      0,
    );
  });

  it('cuts an HTTP request and its answer down to what says what happened', () => {
    const req = {
      id: 'r1',
      method: 'GET',
      url: '/x',
      headers: { authorization: 'Bearer zzzzzzzz' },
    };
    const [line] = written('info', (log) => {
      log.info({ req, res: { statusCode: 200, _header: 'x' } }, 'answered');
    });
    assert.deepEqual(line?.['req'], { id: 'r1', method: 'GET', url: '/x' });
    assert.deepEqual(line['res'], { statusCode: 200 });
  });

  it('never writes secrets, image bytes or people, wherever they stand in the fields', () => {
    const error = Object.assign(new Error('GET http://a:hunter22@host/x?sig=abcdef failed'), {
      config: { headers: { Authorization: 'Token 0123456789abcdef' } },
      cause: new Error('Authorization: Bearer 0123456789abcdef'),
    });
    const lines = written('info', (log) => {
      log.warn(
        {
          error,
          image: Buffer.from('JPEGBYTES'),
          list: [{ headers: { cookie: 'cookie-value' } }],
          OPS_KEY: 'ops-value',
          LABEL_STUDIO_PASSWORD: 'password-value',
          user: { email: 'person@example.org', username: 'person' },
          url: '/images/1?exp=5&sig=signature-value',
        },
        'failed',
      );
    });
    const text = JSON.stringify(lines);
    for (const secret of [
      'hunter22',
      'abcdef',
      'JPEGBYTES',
      'cookie-value',
      'ops-value',
      'password-value',
      'person',
      'signature-value',
      Buffer.from('JPEGBYTES').toString('base64'),
    ])
      assert.ok(!text.includes(secret), `${secret} is in ${text}`);
    assert.match(text, /9 bytes/);
    assert.match(text, /exp=5/);
  });

  it("on a full disk: what can't be written is dropped, and the program goes on and ends", () => {
    const full = openSync('/dev/full', 'w');
    const source = `import { createLog } from './src/adapters/system/create-log.ts';
      const log = createLog('info');
      for (let line = 0; line < 3; line += 1) {
        log.info({ line }, 'a line');
        await new Promise((resolve) => setImmediate(resolve));
      }
      process.stderr.write('went on');
      process.exit(0);`;
    const ended = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type', 'module', '--eval', source],
      { stdio: ['ignore', full, 'pipe'], encoding: 'utf8', timeout: 15_000, killSignal: 'SIGKILL' },
    );
    closeSync(full);
    assert.equal(ended.stderr, 'went on');
    assert.equal(ended.status, 0);
  });
});
