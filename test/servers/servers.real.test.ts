import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { describeRefusedToken } from '../../scripts/start/label-studio.mjs';
import { tryPort } from '../../scripts/start/ports.mjs';
import { startAlertmanager } from './alertmanager.ts';
import { startChromium } from './chromium.ts';
import { startMinio } from './minio.ts';
import { startPrometheus } from './prometheus.ts';
import { startRedis } from './redis.ts';
import { startServer, temporaryFolder } from './server.ts';
import { sharedLabelStudio } from './shared-label-studio.ts';

describe('real servers for tests', function () {
  this.timeout(60_000);

  const starters = {
    Prometheus: () => startPrometheus({ config: 'global: {scrape_interval: 5s}\n' }),
    Alertmanager: () =>
      startAlertmanager({ config: 'route: {receiver: none}\nreceivers: [{name: none}]\n' }),
    Redis: () => startRedis(),
    MinIO: () => startMinio(),
  };
  for (const [name, start] of Object.entries(starters)) {
    it(`${name} answers, and leaves neither its port nor its folder behind`, async () => {
      const server = await start();
      const folder = path.dirname(server.process.logFile);
      assert.equal(await tryPort(server.port, '127.0.0.1'), null);
      await server.stop();
      assert.equal(await tryPort(server.port, '127.0.0.1'), server.port);
      assert.equal(existsSync(folder), false);
    });
  }

  it('Chromium shows a page', async () => {
    const { browser, stop } = await startChromium();
    const page = await browser.newPage();
    await page.setContent('<h1>here</h1>');
    assert.equal(await page.textContent('h1'), 'here');
    await stop();
  });

  it('a server that is not installed fails the test and says how to get it', async () => {
    await assert.rejects(
      startServer({
        name: 'Nothing',
        command: 'truthloop-no-such-program',
        args: [],
        folder: temporaryFolder('nothing'),
        url: '',
        port: 0,
        howToInstall: 'run scripts/install-test-servers.sh',
        isReady: () => Promise.resolve(false),
      }),
      /to install it run scripts\/install-test-servers\.sh/,
    );
  });

  it('a server that ends before it is ready fails the test with the end of its log', async () => {
    await assert.rejects(startPrometheus({ config: 'nonsense: true\n' }), (error: Error) =>
      /field nonsense not found/.test(String((error.cause as Error | undefined)?.message)),
    );
  });

  it('Label Studio lets its account in by token, and is shared by the suites of a run', async function () {
    this.timeout(300_000);
    const server = await sharedLabelStudio();
    assert.equal(await sharedLabelStudio(), server);
    const response = await fetch(`${server.url}/api/projects`, {
      headers: { authorization: `Token ${server.token}` },
    });
    assert.equal(response.status, 200);
  });

  it('a Label Studio that refuses the token is told, with what to do', async function () {
    this.timeout(300_000);
    const { url, token } = await sharedLabelStudio();
    const where = { url, dataDir: '/data/label-studio' };
    assert.equal(await describeRefusedToken({ ...where, token }), null);
    const refusal = await describeRefusedToken({ ...where, token: 'f'.repeat(40) });
    assert.match(refusal ?? '', /refuses LABEL_STUDIO_TOKEN.*remove \/data\/label-studio/);
    const elsewhere = await describeRefusedToken({ url, token: 'f'.repeat(40), dataDir: null });
    assert.match(elsewhere ?? '', /Log in at http\S+, make a token .* set LABEL_STUDIO_TOKEN/);
    assert.doesNotMatch(elsewhere ?? '', /remove/);
    const nobody = { url: 'http://127.0.0.1:9', token, dataDir: null };
    assert.match((await describeRefusedToken(nobody)) ?? '', /does not answer at LABEL_STUDIO_URL/);
  });
});
