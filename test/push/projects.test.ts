import assert from 'node:assert/strict';

import { LabelingToolRefused, LabelingToolUnavailable } from '../../src/domain/errors.ts';
import { modelVersion, type PredictionId } from '../../src/domain/ids.ts';
import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import { createEnsureProjects } from '../../src/push/ensure-projects.ts';
import { CLASSES, type Loop, openLoop } from '../fakes/label-studio-loop.ts';

describe('ensureProjects', function () {
  this.timeout(30_000);
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
  });
  afterEach(() => loop.close());

  const silent = { error: () => null, warn: () => null, info: () => null, debug: () => null };
  const repairs = (kind: string): number =>
    loop.meter.value('truthloop_reconcile_repairs_total', { kind });
  const choicesIn = async (kind: 'random' | 'disputed' = 'random'): Promise<string[]> => {
    const { label_config: config } = await loop.people.showProject(await loop.projectId(kind));
    return [...config.matchAll(/<Choice value="([^"]+)"/g)].map(([, name]) => name as string);
  };

  it('makes three projects with the classes in the order of the model, then "None of these"', async () => {
    const ensured = await loop.ensure();
    assert.deepEqual(
      ensured.map(({ kind, changes, webhook }) => [kind, changes, webhook]),
      [
        ['random', ['created'], 'registered'],
        ['low_confidence', ['created'], 'registered'],
        ['disputed', ['created'], 'registered'],
      ],
    );
    assert.deepEqual(await choicesIn(), [...CLASSES, NONE_OF_THESE]);
    assert.equal(repairs('missing_project') + repairs('changed_project'), 0);
  });

  it('a second time finds all in step', async () => {
    const first = await loop.ensure();
    const second = await loop.ensure();
    assert.deepEqual(
      second.map(({ projectId, changes }) => [projectId, changes]),
      first.map(({ projectId }) => [projectId, []]),
    );
  });

  it('one that was made unseen, by a request that outlived its sender, is gone with the next time', async () => {
    await loop.ensure();
    const { title, description } = await loop.people.showProject(await loop.projectId());
    await loop.people.makeProject({ title, description });
    assert.equal(loop.fake.records.projects.size, 4);
    await loop.ensure();
    assert.equal(loop.fake.records.projects.size, 3);
    assert.equal(repairs('missing_project') + repairs('changed_project'), 0);
  });

  it('a change by hand is put back and counted; a class of our own is not a repair', async () => {
    const keep = createEnsureProjects({ ...loop, log: silent }, loop.settings.ensure);
    await keep(loop.fence);
    await loop.people.changeProject(await loop.projectId(), { title: 'Mine now' });
    await keep(loop.fence);
    assert.equal(repairs('changed_project'), 1);
    assert.equal(
      (await loop.people.showProject(await loop.projectId())).title,
      'Loop Random Sample',
    );
    loop.settings.ensure = { ...loop.settings.ensure, classes: [...CLASSES, 'tea'] };
    await loop.ensure();
    assert.equal(repairs('changed_project'), 1);
    assert.ok((await choicesIn('disputed')).includes('tea'));
  });

  it('a project that is gone is made again, remembered and counted', async () => {
    await loop.ensure();
    const before = await loop.projectId();
    await loop.people.removeProject(before);
    await loop.ensure();
    assert.notEqual(await loop.projectId(), before);
    assert.equal(repairs('missing_project'), 1);
    assert.ok(loop.logged.includes('warn project was gone'));
  });

  it('a project that is made again under its old id by a Label Studio that was reset was gone too', async () => {
    const before = await loop.ensure();
    loop.fake.records.reset();
    const again = await loop.ensure();
    assert.deepEqual(
      again.map(({ projectId, isLost }) => [projectId, isLost]),
      before.map(({ projectId }) => [projectId, true]),
    );
    assert.deepEqual([repairs('missing_project'), repairs('changed_project')], [3, 0]);
  });

  it('so was one that was made again unheard', async () => {
    const keep = createEnsureProjects({ ...loop, log: silent }, loop.settings.ensure);
    await keep(loop.fence);
    loop.fake.records.reset();
    loop.fake.break({ at: 'POST /api/projects', as: 'lost' });
    await assert.rejects(keep(loop.fence), LabelingToolUnavailable);
    for (const isLost of [true, false])
      assert.deepEqual(
        (await keep(loop.fence)).projects.map((one) => one.isLost),
        Array(3).fill(isLost),
      );
    assert.equal(repairs('missing_project'), 3);
  });

  it('classes of an older version stay as long as a task of it is open', async () => {
    await loop.ensure();
    const old = {
      modelVersion: modelVersion('v0'),
      predictedClass: 'stew',
      probabilities: { stew: 0.9, soup: 0.1 },
    };
    const [open] = (await loop.pushed(1, old)) as [PredictionId];
    await loop.pushed(1);
    await loop.ensure();
    assert.deepEqual(await choicesIn(), [...CLASSES, 'stew', NONE_OF_THESE]);
    await loop.people.annotate((await loop.task(open)).taskId, ['stew']);
    await loop.pull();
    assert.deepEqual((await loop.task(open)).verdict, { kind: 'agreed', trueClass: 'stew' });
    await loop.ensure();
    assert.deepEqual(await choicesIn(), [...CLASSES, NONE_OF_THESE]);
  });

  it('a project that can not be put back is told of, and keeps no other from it', async () => {
    await loop.ensure();
    for (const kind of ['random', 'disputed'] as const)
      await loop.people.changeProject(await loop.projectId(kind), { title: 'Mine now' });
    const at = `PATCH /api/projects/${await loop.projectId()}`;
    loop.fake.break({ at, as: { status: 400 } });
    const keep = createEnsureProjects({ ...loop, log: silent }, loop.settings.ensure);
    const { projects, refusal } = await keep(loop.fence);
    assert.equal(refusal?.status, 400);
    assert.deepEqual(
      projects.map(({ kind, changes }) => [kind, changes]),
      [
        ['low_confidence', []],
        ['disputed', ['title']],
      ],
    );
    assert.equal(repairs('changed_project'), 1);
  });

  it("a refusal of us as a whole is no single project's", async () => {
    loop.fake.break({ at: 'GET /api/projects', as: { status: 401 }, times: Infinity });
    await assert.rejects(loop.ensure(), LabelingToolRefused);
    assert.deepEqual(loop.fake.requests, ['GET /api/projects/']);
  });

  it('a refused webhook is said once and stops nothing', async () => {
    const webhook = { url: 'http://10.0.0.7/webhooks/label-studio', secret: 's' };
    loop.settings.ensure = { ...loop.settings.ensure, webhook };
    const warnings: string[] = [];
    const log = { ...silent, warn: (_fields: object, event: string) => warnings.push(event) };
    const keep = createEnsureProjects({ ...loop, log }, loop.settings.ensure);
    for (let time = 0; time < 2; time += 1)
      for (const { webhook: state } of (await keep(loop.fence)).projects)
        assert.equal(state, 'refused');
    assert.deepEqual(warnings, Array(3).fill('webhook not registered'));
  });

  it('a webhook that can not be asked for stops nothing', async () => {
    loop.fake.break({ at: 'POST /api/webhooks', as: { status: 500 }, times: Infinity });
    const ensured = await loop.ensure();
    assert.deepEqual(
      ensured.map(({ webhook }) => webhook),
      ['unknown', 'unknown', 'unknown'],
    );
  });
});
