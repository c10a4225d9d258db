import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';

import { type Proxy, reset, startProxy } from './proxy.ts';

const BODY = 'x'.repeat(4000);

describe('the proxy that makes faults', () => {
  let server: http.Server;
  let proxy: Proxy;
  let seen: string[];

  beforeEach(async () => {
    seen = [];
    server = http.createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end(BODY);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startProxy((server.address() as net.AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });

  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  after(() => {
    agent.destroy();
  });

  /** @returns the body, or how it failed, and how long it took */
  function ask(path = '/', timeoutMs = 2000): Promise<{ said: string; ms: number }> {
    const began = performance.now();
    return new Promise((resolve) => {
      const end = (said: string): void => {
        resolve({ said, ms: performance.now() - began });
      };
      const request = http.get(
        { port: proxy.port, path, agent, host: '127.0.0.1', timeout: timeoutMs },
        (response) => {
          let text = '';
          response.on('data', (part: Buffer) => (text += part.toString()));
          response.on('end', () => {
            end(text);
          });
          response.on('error', (error) => {
            end((error as NodeJS.ErrnoException).code ?? error.message);
          });
        },
      );
      request.on('timeout', () => request.destroy(new Error('silence')));
      request.on('error', (error) => {
        end((error as NodeJS.ErrnoException).code ?? error.message);
      });
    });
  }

  it('passes everything on when nothing is wrong, on kept connections', async () => {
    assert.equal((await ask('/a')).said, BODY);
    assert.equal((await ask('/b')).said, BODY);
    assert.deepEqual(seen, ['/a', '/b']);
  });

  it('down: nobody answers, live connections end; afterwards all is well', async () => {
    await ask();
    proxy.poison({ kind: 'down' });
    assert.equal((await ask()).said, 'ECONNRESET');
    proxy.heal();
    assert.equal((await ask()).said, BODY);
  });

  it('latency: an answer comes late, and whole', async () => {
    proxy.poison({ kind: 'latency', ms: 200 });
    const { said, ms } = await ask();
    assert.equal(said, BODY);
    assert.ok(ms >= 195, `${ms}`);
  });

  it('latency: what is held back goes with its connection, and keeps no process alive', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await ask();
    const before = timers();
    proxy.poison({ kind: 'latency', ms: 600_000 });
    assert.equal((await ask('/', 100)).said, 'silence');
    while (timers() > before) await immediate();
  });

  it('bandwidth and slicer: an answer trickles, and is whole', async () => {
    proxy.poison({ kind: 'bandwidth', bytesPerSecond: 20_000 });
    const slow = await ask();
    assert.equal(slow.said, BODY);
    assert.ok(slow.ms >= 150, `${slow.ms}`);
    proxy.poison({ kind: 'slicer', bytes: 500, ms: 10 });
    assert.equal((await ask()).said, BODY);
  });

  it('limit_data: an answer is cut, after the server did the work', async () => {
    proxy.poison({ kind: 'limit_data', bytes: 1000 });
    assert.notEqual((await ask('/done')).said, BODY);
    assert.deepEqual(seen, ['/done']);
  });

  it('reset_peer and timeout end the connection, half_open leaves it silent', async () => {
    proxy.poison({ kind: 'reset_peer', ms: 0 });
    assert.equal((await ask('/reset')).said, 'ECONNRESET');
    proxy.poison({ kind: 'timeout', ms: 100 });
    const timeout = await ask();
    assert.match(timeout.said, /ECONNRESET|socket hang up/);
    assert.ok(timeout.ms >= 95, `${timeout.ms}`);
    proxy.poison({ kind: 'half_open' });
    assert.equal((await ask('/', 300)).said, 'silence');
    assert.ok(!seen.includes('/'), 'what went silent arrived');
  });

  it('half_open: a connection that went silent stays so, a new one works once it is healed', async () => {
    const client = net.connect({ port: proxy.port, host: '127.0.0.1' });
    await once(client, 'connect');
    client.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(client, 'data');
    proxy.poison({ kind: 'half_open' });
    proxy.heal();
    client.write('GET /second HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await ask('/third')).said, BODY);
    assert.deepEqual(seen, ['/first', '/third']);
    client.destroy();
  });

  it('a connection whose end is on its way is given up without an error', async () => {
    const client = net.connect({ port: proxy.port, host: '127.0.0.1' });
    await once(client, 'connect');
    client.end();
    reset(client);
    await once(client, 'close');
    assert.equal(client.errored, null);
  });

  it('slow_close: the end of a connection comes late', async () => {
    proxy.poison({ kind: 'slow_close', ms: 200 });
    const client = net.connect({ port: proxy.port, host: '127.0.0.1' });
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await once(client, 'data');
    const began = performance.now();
    await once(client, 'end');
    assert.ok(performance.now() - began >= 150);
  });

  it('counts calls and can cut one before the server sees it, or after it answered', async () => {
    const calls: string[] = [];
    proxy.watch({
      onCall: ({ number, head }) => {
        calls.push(`${number} ${head.split('\r\n')[0] ?? ''}`);
        return number === 2 ? 'cut' : 'pass';
      },
      onAnswer: ({ number }, answer) => {
        assert.match(answer, /^HTTP\/1\.1 200 OK/);
        return number === 3 ? 'cut' : 'pass';
      },
    });
    assert.equal((await ask('/one')).said, BODY);
    assert.equal((await ask('/two')).said, 'ECONNRESET');
    assert.equal((await ask('/three')).said, 'ECONNRESET');
    assert.equal((await ask('/four')).said, BODY);
    assert.deepEqual(seen, ['/one', '/three', '/four']);
    assert.deepEqual(calls, [
      '1 GET /one HTTP/1.1',
      '2 GET /two HTTP/1.1',
      '3 GET /three HTTP/1.1',
      '4 GET /four HTTP/1.1',
    ]);
  });
});
