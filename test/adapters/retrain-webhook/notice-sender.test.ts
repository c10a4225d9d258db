import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createNoticeSender } from '../../../src/adapters/retrain-webhook/create-notice-sender.ts';
import { signMessage } from '../../../src/adapters/retrain-webhook/sign-message.ts';
import { makeSecret } from '../../../src/config/secrets.ts';

describe('the signature of a notice', () => {
  it('is that of the example of Standard Webhooks', () => {
    // The message of the verification examples at docs.svix.com/receiving/verifying-payloads/how-manual.
    const signature = signMessage(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      '{"test": 2432232314}',
    );
    assert.equal(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('comes from a secret in the form that its libraries take', () => {
    assert.match(makeSecret('RETRAIN_WEBHOOK_SECRET'), /^whsec_[A-Za-z0-9]{44}$/);
  });
});

describe('sending a notice', () => {
  let server: Server;
  let url: string;
  let status = 200;
  let headers: Record<string, string> = {};
  let received: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const secret = makeSecret('RETRAIN_WEBHOOK_SECRET');
  const notice = { id: 'msg_1', body: '{"type":"retraining.due"}' };

  before(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        received.push({ headers: request.headers, body });
        if (status === 0) return;
        response.writeHead(status, headers).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  beforeEach(() => {
    [status, headers, received] = [200, {}, []];
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const send = (timeoutMs = 2000) =>
    createNoticeSender({ url, secret, timeoutMs }).send(notice, 1_700_000_000_500);

  it('carries id, time and a signature over just these bytes', async () => {
    status = 204;
    assert.deepEqual(await send(), { kind: 'delivered' });
    const [message] = received;
    assert.equal(message?.body, notice.body);
    assert.equal(message.headers['webhook-id'], 'msg_1');
    assert.equal(message.headers['webhook-timestamp'], '1700000000');
    assert.equal(
      message.headers['webhook-signature'],
      signMessage(secret, 'msg_1', 1_700_000_000, notice.body),
    );
  });

  it('says what came of it: a fault to try again, a wish to wait, a wish to hear no more', async () => {
    status = 500;
    const failed = { kind: 'failed', why: 'the receiver answered 500', retryAfterMs: null };
    assert.deepEqual(await send(), failed);
    [status, headers] = [429, { 'Retry-After': '60' }];
    assert.deepEqual(await send(), {
      ...failed,
      why: 'the receiver answered 429',
      retryAfterMs: 60_000,
    });
    [status, headers] = [410, {}];
    assert.equal((await send()).kind, 'refused');
  });

  it('follows no redirect and waits for nobody for ever', async () => {
    [status, headers] = [307, { Location: url }];
    assert.equal((await send()).kind, 'failed');
    assert.equal(received.length, 1);
    status = 0;
    const late = await send(50);
    assert.ok(
      late.kind === 'failed' && /no answer within 0.05 s/.test(late.why),
      JSON.stringify(late),
    );
  });

  it('does not reject where nobody listens', async () => {
    const nobody = createNoticeSender({ url: 'http://127.0.0.1:9/', secret, timeoutMs: 2000 });
    assert.equal((await nobody.send(notice, 0)).kind, 'failed');
  });
});
