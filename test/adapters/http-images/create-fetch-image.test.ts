import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createFetchImage } from '../../../src/adapters/http-images/create-fetch-image.ts';
import { isPublicAddress, type Resolve } from '../../../src/adapters/http-images/public-address.ts';

const BYTES = Buffer.from('an image, for all that is known here');

describe('images by address', () => {
  let server: Server;
  let port: number;
  let answer: RequestListener;
  let asked: string[];
  const host = (): string => `photos.example:${port}`;
  const toLoopback: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  /** Loopback stands in for the internet; the rule for addresses is tried by itself below. */
  const source = (changes: Partial<Parameters<typeof createFetchImage>[0]> = {}) =>
    createFetchImage({
      hosts: [host()],
      bytesMax: 1000,
      timeoutMs: 1000,
      resolve: toLoopback,
      isAllowedAddress: () => true,
      ...changes,
    });
  const refused = async (address: string, code: string, fetchImage = source()): Promise<void> => {
    await assert.rejects(fetchImage(address), { code }, address);
  };

  before(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    asked = [];
    answer = (_request, response) => response.end(BYTES);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('come from an allowed host, whose name is asked for by itself', async () => {
    assert.deepEqual(await source()(`http://${host()}/a.jpg?v=1`), BYTES);
    assert.deepEqual(asked, [`${host()}/a.jpg?v=1`]);
  });

  it('come from nowhere else', async () => {
    for (const address of [
      `http://other.example:${port}/a.jpg`,
      `http://${host()}.evil.example/a.jpg`,
      `http://evil.example/?${host()}`,
      `http://photos.example/a.jpg`,
      `http://user:secret@${host()}/a.jpg`,
      `file:///etc/passwd`,
      `ftp://${host()}/a.jpg`,
      `//${host()}/a.jpg`,
      'a.jpg',
    ])
      await refused(address, 'REQUEST_INVALID');
    assert.deepEqual(asked, []);
  });

  it('never come from a private network, by whatever name', async () => {
    const guarded = source({ isAllowedAddress: isPublicAddress });
    await refused(`http://${host()}/a.jpg`, 'REQUEST_INVALID', guarded);
    const mixed = source({
      isAllowedAddress: isPublicAddress,
      resolve: () =>
        Promise.resolve([
          { address: '203.1.2.3', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ]),
    });
    await refused(`http://${host()}/a.jpg`, 'REQUEST_INVALID', mixed);
    for (const written of ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:7f00:1]']) {
      const { host: parsed } = new URL(`http://${written}:${port}/`);
      const listed = source({ hosts: [parsed], isAllowedAddress: isPublicAddress });
      await refused(`http://${written}:${port}/`, 'REQUEST_INVALID', listed);
    }
    assert.deepEqual(asked, []);
  });

  it('are taken from the address that was looked at, though the name changes its mind', async () => {
    let lookups = 0;
    const rebinding = source({
      isAllowedAddress: (address) => address === '127.0.0.1',
      resolve: () => {
        lookups += 1;
        return Promise.resolve([{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
      },
    });
    assert.deepEqual(await rebinding(`http://${host()}/a.jpg`), BYTES);
    assert.equal(lookups, 1);
  });

  it('are not followed elsewhere', async () => {
    answer = (_request, response) =>
      response.writeHead(302, { Location: `http://${host()}/b.jpg` }).end();
    await refused(`http://${host()}/a.jpg`, 'UPLOAD_REJECTED');
    assert.equal(asked.length, 1);
  });

  it('that are missing or too large are refused; a host in trouble may be asked again', async () => {
    answer = (_request, response) => response.writeHead(404).end();
    await refused(`http://${host()}/a.jpg`, 'UPLOAD_REJECTED');
    answer = (_request, response) => response.end(Buffer.alloc(1001));
    await refused(`http://${host()}/a.jpg`, 'UPLOAD_REJECTED');
    answer = (_request, response) => response.writeHead(503).end();
    await refused(`http://${host()}/a.jpg`, 'IMAGE_HOST_UNAVAILABLE');
    answer = () => undefined;
    await refused(`http://${host()}/a.jpg`, 'IMAGE_HOST_UNAVAILABLE', source({ timeoutMs: 50 }));
    const nameless = source({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    await refused(`http://${host()}/a.jpg`, 'IMAGE_HOST_UNAVAILABLE', nameless);
  });
});

describe('public addresses', () => {
  it('lead out; nothing private, shared, reserved or wrapped does', () => {
    for (const address of ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700::1111'])
      assert.equal(isPublicAddress(address), true, address);
    for (const address of [
      ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.0.9', '169.254.169.254'],
      ...['172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.1.1', '198.18.0.1'],
      ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
      ...['::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '::ffff:10.0.0.1'],
      ...['::ffff:8.8.8.8', '2002:a00:1::', '64:ff9b::a00:1', '2001:0:1::1', '2001:db8::1', 'x'],
    ])
      assert.equal(isPublicAddress(address), false, address);
  });
});
