import assert from 'node:assert/strict';

import { type ReportingService, startReportingService } from './reporting-service.ts';

describe('operator commands beside the running service', function () {
  this.timeout(120_000);
  let service: ReportingService;
  before(async () => {
    service = await startReportingService();
  });
  after(() => service.close());

  it('redrive lists what is dead with its reason and sends it again', async () => {
    const { labelStudio, product } = service;
    await product.sync();
    const project = [...labelStudio.records.projects.keys()][0] ?? 0;
    const at = `POST /api/projects/${project}/import`;
    labelStudio.break({ at, as: { status: 400, text: 'no' }, times: Infinity });
    await service.report(2);
    await product.sync();
    labelStudio.heal();
    const listed = await service.command('redrive', '--list');
    assert.equal(listed.code, 0, listed.stderr);
    const [first, second] = listed.stdout.trim().split('\n');
    assert.match(first ?? '', /^\d+ {2}create_task .*1 tries: /);
    const number = /^\d+/.exec(second ?? '')?.[0] ?? '';
    assert.match(
      (await service.command('redrive', number, '999')).stdout,
      /^1 of 2 asked for sent back to the outbox; a run has begun/,
    );
    assert.match((await service.command('redrive')).stdout, /^1 sent back/);
    assert.match((await service.command('redrive')).stdout, /^0 sent back .*none was dead/);
    await product.sync();
    assert.equal(labelStudio.records.tasks.size, 2);
  });

  it('a project that is gone: labels count on until the operator accepts the deletion', async () => {
    const { people, product } = service;
    const ids = await service.report(8);
    await product.sync();
    for (const id of ids.slice(0, 6)) await people.annotate(service.taskOf(id), ['cat']);
    await product.sync();
    assert.equal(await service.labels(), 6);
    for (const id of [...service.labelStudio.records.projects.keys()])
      await people.removeProject(id);
    const first = await service.command('reconcile');
    assert.equal(first.code, 0, first.stderr);
    const second = await service.command('reconcile');
    assert.match(first.stdout + second.stdout, /Mended: .*missing_task 4/);
    assert.match(second.stdout, /by project: random 6\..*--accept-deletions/s);
    await product.sync();
    assert.equal(await service.labels(), 6);
    const page = await service.ops(`${product.webUrl}/ops`);
    assert.equal(page.status, 200);
    const metrics = await (await fetch(`${product.syncUrl}/metrics`)).text();
    assert.match(metrics, /truthloop_labels_kept\{project="random"\} 6/);
    assert.match(metrics, /truthloop_reconcile_repairs_total\{kind="missing_project"\} [1-3]/);
    const accepted = await service.command('reconcile', '--accept-deletions');
    assert.match(accepted.stdout, /Mended: deleted_task 6/);
    assert.ok(!accepted.stdout.includes('are gone'));
    assert.equal(await service.labels(), 0);
  });

  it('says what is wrong with its arguments, its key, or that nothing runs there', async () => {
    const both = await service.command('reconcile', '--accept-deletions', '--keep-labels');
    assert.deepEqual([both.code, both.stdout], [2, '']);
    assert.match(both.stderr, /one or the other/);
    assert.equal((await service.command('redrive', 'all')).code, 2);
    assert.equal((await service.command('nothing')).code, 2);
    const help = await service.command('redrive', '--help');
    assert.match(help.stdout, /--list/);
    const nowhere = await service.command('redrive', '--url', 'http://127.0.0.1:9');
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /does not answer at http:\/\/127\.0\.0\.1:9.*npm start/);
    const url = `${service.product.syncUrl}/reconciliation`;
    assert.equal((await fetch(url)).status, 401);
    const key = { Authorization: `Bearer ${service.product.secret('OPS_KEY')}` };
    const headers = { ...key, 'Content-Type': 'application/json' };
    for (const [body, status] of [
      ['{"deletions": "all"}', 422],
      ['{', 400],
    ] as const)
      assert.equal((await fetch(url, { method: 'POST', headers, body })).status, status);
  });
});
