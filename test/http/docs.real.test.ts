import assert from 'node:assert/strict';

import { startChromium, type StartedBrowser } from '../servers/chromium.ts';
import { axeViolations, openPage } from '../web/browser-pages.ts';
import { type Measured, startMeasured } from './start-measured.ts';

describe('the pages of the API in a real browser', function () {
  this.timeout(120_000);
  let started: StartedBrowser;
  let program: Measured;
  before(async () => {
    [started, program] = await Promise.all([startChromium(), startMeasured()]);
  });
  after(() => Promise.all([started.stop(), program.stop()]));

  for (const role of ['web', 'classifier'] as const)
    for (const colorScheme of ['light', 'dark'] as const)
      it(`of ${role} load nothing from elsewhere and say nothing in the console, ${colorScheme}`, async () => {
        const url = role === 'web' ? program.webUrl : program.classifierUrl;
        const opened = await openPage(started.browser, { width: 360, colorScheme });
        const asked: string[] = [];
        opened.page.on('request', (request) => asked.push(request.url()));
        await opened.page.goto(`${url}/docs`);
        for (const details of await opened.page.$$('details > summary')) await details.click();
        assert.deepEqual(await axeViolations(opened.page), []);
        assert.deepEqual(opened.complaints, []);
        assert.ok(asked.every((address) => address.startsWith(url) || address.startsWith('data:')));
        assert.match(await opened.page.content(), new RegExp(`${url}/predict`));
        await opened.close();
      });
});
