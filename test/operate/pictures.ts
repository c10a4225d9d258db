import assert from 'node:assert/strict';

import { type ReportingService, startReportingService } from './reporting-service.ts';

/** @param settings of the object store under test */
export function describePictures(
  name: string,
  settings: () => Promise<Readonly<Record<string, string>>>,
): void {
  describe(`pictures in open tasks: ${name}`, function () {
    this.timeout(120_000);
    let service: ReportingService;
    before(async () => {
      service = await startReportingService(await settings());
    });
    after(() => service.close());

    it('open under the address that the web role has now, after it and the key have changed', async () => {
      const [id = ''] = await service.report(3);
      await service.product.sync();
      const addressOf = (): string =>
        String(service.labelStudio.records.tasks.get(service.taskOf(id))?.data['image']);
      const before = addressOf();
      assert.equal((await fetch(before)).status, 200);
      await service.product.stop();
      // The next start has other ports, and with them another PUBLIC_URL.
      await service.start({ IMAGE_URL_KEY: 'another-key-of-sixteen' });
      assert.ok(!before.startsWith(service.product.webUrl));
      await service.product.sync();
      const after = await fetch(addressOf());
      assert.ok(addressOf().startsWith(service.product.webUrl));
      assert.deepEqual([after.status, after.headers.get('content-type')], [200, 'image/jpeg']);
      const page = await service.ops(`${service.product.webUrl}/ops`);
      assert.equal(page.status, 200);
      const metrics = async (): Promise<string> =>
        (await fetch(`${service.product.syncUrl}/metrics`)).text();
      assert.match(await metrics(), /^truthloop_picture_reachable 1$/m);
    });

    it('that do not open are reported: log, metric, ops page', async () => {
      await service.product.stop();
      await service.start({ PUBLIC_URL: service.labelStudio.url });
      await service.product.sync();
      const answer = await fetch(`${service.product.syncUrl}/metrics`);
      assert.match(await answer.text(), /^truthloop_picture_reachable 0$/m);
      const page = await fetch(`${service.product.webUrl}/ops`, {
        headers: {
          Authorization: `Bearer ${service.product.secret('OPS_KEY')}`,
          Accept: 'text/html',
        },
      });
      assert.match(
        await page.text(),
        /Pictures in tasks<\/strong> <span>needs attention: PUBLIC_URL/,
      );
    });
  });
}
