import assert from 'node:assert/strict';

import { type ReportingService, startReportingService } from '../operate/reporting-service.ts';

describe('while Label Studio refuses to put a project back that somebody changed', function () {
  this.timeout(120_000);
  let service: ReportingService;
  let project: number;

  before(async () => {
    service = await startReportingService();
    await service.product.sync();
    project = [...service.labelStudio.records.projects.keys()][0] ?? 0;
    await service.people.changeProject(project, { title: 'Mine now' });
    refuse();
    // Projects are looked at every hour, and at the start.
    await service.product.stop();
    await service.start();
  });
  after(() => service.close());

  const refuse = (): void => {
    const text = '{"detail": "Created annotations are incompatible with provided labeling schema"}';
    const at = `PATCH /api/projects/${project}`;
    service.labelStudio.break({ at, as: { status: 400, text }, times: Infinity });
  };
  const sync = (): Promise<Record<string, unknown>> => service.product.sync();

  it('tasks are made and deleted all the same, and every run tells of it', async () => {
    const [id] = (await service.report(2)) as [string, string];
    for (const tasks of [2, 1]) {
      const { result, error } = await sync();
      assert.equal(result, 'failure');
      assert.match(String(error), /^push: .*are incompatible/);
      assert.equal(service.labelStudio.records.tasks.size, tasks);
      const address = `${service.product.webUrl}/api/predictions/${id}`;
      if (tasks === 2) assert.equal((await service.ops(address, 'DELETE')).status, 204);
    }
  });

  it('labels arrive, after an outage too', async () => {
    const [task] = [...service.labelStudio.records.tasks.keys()] as [number];
    await service.people.annotate(task, ['cat']);
    service.labelStudio.heal();
    service.labelStudio.break({ at: '', as: 'refused', times: Infinity });
    assert.match(String((await sync())['error']), /^push: Label Studio/);
    service.labelStudio.heal();
    refuse();
    // The breaker lets a trial through after its rest.
    while ((await service.labels()) === 0) await sync();
    assert.match(String((await sync())['error']), /^push: .*are incompatible/);
  });

  it('once that is mended, the next run puts the project back', async () => {
    service.labelStudio.heal();
    assert.equal((await sync())['result'], 'success');
    assert.notEqual((await service.people.showProject(project)).title, 'Mine now');
  });

  it('a project that is gone and can not be made is told of too', async () => {
    await service.people.removeProject(project);
    const at = 'POST /api/projects';
    service.labelStudio.break({ at, as: { status: 400 }, times: Infinity });
    const refused = await service.command('reconcile');
    assert.match(refused.stdout + refused.stderr, /reconcile: .*400 to POST \/api\/projects/);
    service.labelStudio.heal();
    assert.equal((await sync())['result'], 'success');
  });
});
