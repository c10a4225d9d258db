import assert from 'node:assert/strict';

import {
  LabelingToolRefused,
  LabelingToolUnavailable,
  StoreUnavailable,
} from '../../src/domain/errors.ts';
import type { PredictionId } from '../../src/domain/ids.ts';
import { type Loop, openLoop, RATES, tasksByProject } from '../fakes/label-studio-loop.ts';

const IMPORT = 'POST /api/projects/';
const MINUTE = 60_000;

describe('pushTasks', function () {
  this.timeout(30_000);
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
    await loop.ensure();
  });
  afterEach(() => loop.close());

  const selected = async (count: number): Promise<PredictionId[]> => {
    const ids = await loop.record(count);
    await loop.choose();
    return ids;
  };
  /** Lets waits pass and pushes until nothing is pending. */
  const pushAll = async (): Promise<void> => {
    for (let round = 0; (await loop.store.outboxState()).pending > 0; round += 1) {
      assert.ok(round < 20, 'the outbox does not drain');
      loop.advance(10 * MINUTE);
      await loop.push();
    }
  };
  const assertOnceEach = async (ids: readonly PredictionId[]): Promise<void> => {
    for (const id of ids)
      assert.deepEqual(loop.tasksThere(id), [(await loop.task(id)).taskId], `tasks of ${id}`);
  };

  it('a selected prediction becomes one task that gives nothing of the answer away', async () => {
    const [id] = (await loop.pushed(1)) as [PredictionId];
    await assertOnceEach([id]);
    assert.deepEqual(loop.fake.records.tasks.get((await loop.task(id)).taskId)?.data, {
      image: `http://127.0.0.1/images/${id}`,
      prediction_id: id,
    });
    assert.equal(loop.meter.value('truthloop_tasks_pushed_total', { project: 'random' }), 1);
  });

  it('a task goes to the project of its first reason', async () => {
    await loop.record(3);
    await loop.record(2, { rates: RATES.low_confidence, isLowConfidence: true });
    const [disputed] = await loop.record(1, { rates: RATES.disputed });
    const flag = { predictionId: disputed as PredictionId, suggestedClass: null, at: loop.now() };
    await loop.store.giveFeedback({ ...flag, kind: 'flag' }, 7 * 86_400_000);
    await loop.choose();
    await loop.push();
    assert.deepEqual(await tasksByProject(loop), { random: 3, low_confidence: 2, disputed: 1 });
  });

  it('class and confidence are shown in the hard projects only, and only where asked for', async () => {
    loop.settings.push = { ...loop.settings.push, isRevealed: true };
    const [blind] = await loop.record(1);
    const [hard] = await loop.record(1, { rates: RATES.low_confidence, isLowConfidence: true });
    await loop.choose();
    await loop.push();
    const shown = async (id: PredictionId): Promise<string[]> =>
      Object.keys(loop.fake.records.tasks.get((await loop.task(id)).taskId)?.data ?? {});
    assert.deepEqual(await shown(blind as PredictionId), ['image', 'prediction_id']);
    assert.deepEqual(await shown(hard as PredictionId), [
      'image',
      'prediction_id',
      'predicted_class',
      'confidence',
    ]);
  });

  it('many tasks go in batches of at most a hundred', async () => {
    const ids = await selected(250);
    const { created } = await loop.push();
    assert.equal(created, 250);
    assert.equal(loop.fake.requests.filter((line) => line.endsWith('/import')).length, 3);
    await assertOnceEach(ids);
  });

  it('a push whose answer got lost makes no second task', async () => {
    const ids = await selected(3);
    loop.fake.break({ at: IMPORT, as: 'lost' });
    const first = await loop.push();
    assert.ok(first.error instanceof LabelingToolUnavailable);
    assert.equal(loop.fake.records.tasks.size, 3, 'Label Studio did make them');
    loop.advance(10 * MINUTE);
    const second = await loop.push();
    assert.deepEqual([second.created, second.found], [0, 3]);
    await assertOnceEach(ids);
  });

  it('a kill between the answer and our mark makes no second task', async () => {
    const ids = await selected(3);
    const { store } = loop;
    loop.store = {
      ...store,
      markCreated: () => Promise.reject(new StoreUnavailable('cut off')),
    };
    await assert.rejects(loop.push(), StoreUnavailable);
    loop.store = store;
    loop.advance(MINUTE);
    const { found, created } = await loop.push();
    assert.deepEqual([created, found], [0, 3]);
    await assertOnceEach(ids);
  });

  it('tasks that are still being made when their sender dies are not made again', async () => {
    const ids = await selected(3);
    const { tool } = loop;
    let beMade = async (): Promise<unknown> => null;
    loop.tool = {
      ...tool,
      createTasks: (...given) => {
        beMade = () => tool.createTasks(...given);
        return Promise.reject(new Error('killed'));
      },
    };
    await assert.rejects(loop.push(), /killed/);
    loop.tool = tool;
    loop.advance(2000);
    assert.equal((await loop.push()).created, 0, 'made although the first may be under way');
    await beMade();
    loop.advance(MINUTE);
    const { found, created } = await loop.push();
    assert.deepEqual([created, found], [0, 3]);
    await assertOnceEach(ids);
  });

  it('the wait counts from the send itself, however long its look-up and the sends before it took', async () => {
    const ids = await selected(4);
    const { tool } = loop;
    let sends = 0;
    let beMade = async (): Promise<unknown> => null;
    loop.tool = {
      ...tool,
      findTasks: (...given) => {
        loop.advance(31_000);
        return tool.findTasks(...given);
      },
      createTasks: (...given) => {
        sends += 1;
        if (sends === 3) {
          beMade = () => tool.createTasks(...given);
          return Promise.reject(new Error('killed'));
        }
        loop.advance(31_000);
        return sends === 1
          ? Promise.reject(new LabelingToolRefused(400, 'one of them is odd'))
          : tool.createTasks(...given);
      },
    };
    await assert.rejects(loop.push(), /killed/);
    loop.tool = tool;
    loop.advance(2000);
    assert.equal((await loop.push()).created, 0, 'made although the second half may be under way');
    await beMade();
    loop.advance(MINUTE);
    const { found, created } = await loop.push();
    assert.deepEqual([created, found], [0, 2]);
    await assertOnceEach(ids);
  });

  it('tasks whose making nobody heard the end of are not made again while it may go on', async () => {
    await selected(3);
    loop.fake.break({ at: IMPORT, as: 'refused' });
    await loop.push();
    loop.advance(29_000);
    assert.equal((await loop.push()).created, 0);
    await pushAll();
  });

  it('whichever call fails, done or not done, each prediction ends with exactly one task', async () => {
    for (const as of ['refused', 'lost', { status: 503 }] as const)
      for (let nth = 0; nth < 5; nth += 1) {
        const ids = await selected(4);
        const { tool } = loop;
        let calls = 0;
        const failing =
          <Arguments extends unknown[], Value>(method: (...given: Arguments) => Promise<Value>) =>
          async (...given: Arguments): Promise<Value> => {
            if (calls === nth) loop.fake.break({ at: '', as, times: 2 });
            calls += 1;
            return method(...given);
          };
        loop.tool = {
          ...tool,
          findTasks: failing((...given: Parameters<typeof tool.findTasks>) =>
            tool.findTasks(...given),
          ),
          createTasks: failing((...given: Parameters<typeof tool.createTasks>) =>
            tool.createTasks(...given),
          ),
        };
        await loop.push();
        loop.tool = tool;
        loop.fake.heal();
        await pushAll();
        await assertOnceEach(ids);
      }
  });

  it('whichever record fails, each prediction ends with exactly one task', async () => {
    const names = [
      'dueEntries',
      'projectId',
      'findPrediction',
      'beginSend',
      'postpone',
      'markCreated',
    ] as const;
    for (const name of names)
      for (const isDone of [false, true]) {
        const ids = await selected(3);
        const { store } = loop;
        const real = store[name].bind(store) as (...given: unknown[]) => Promise<unknown>;
        const failing = async (...given: unknown[]): Promise<never> => {
          if (isDone) await real(...given);
          throw new StoreUnavailable('planted');
        };
        loop.store = { ...store, [name]: failing };
        await assert.rejects(loop.push(), StoreUnavailable);
        loop.store = store;
        await pushAll();
        await assertOnceEach(ids);
      }
  });

  it('while Label Studio is down entries wait, longer each time, and then all go', async () => {
    const ids = await selected(2);
    const waits: number[] = [];
    loop.fake.break({ at: '', as: 'refused', times: Infinity });
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const { postponed, error } = await loop.push();
      assert.ok(error instanceof LabelingToolUnavailable);
      assert.equal(postponed, 2);
      const due = async (): Promise<boolean> =>
        (await loop.store.dueEntries('create_task', loop.now(), 10)).length > 0;
      const before = loop.now();
      while (!(await due())) loop.advance(1000);
      waits.push(loop.now() - before);
    }
    assert.ok(Math.max(...waits) <= 302_000, `waits ${waits.join()}`);
    assert.ok(Math.max(...waits) > 10_000, `waits ${waits.join()}`);
    loop.fake.heal();
    await pushAll();
    await assertOnceEach(ids);
  });

  it('Retry-After is obeyed', async () => {
    await selected(1);
    const headers = { 'Retry-After': '1800' };
    loop.fake.break({ at: '', as: { status: 429, headers }, times: 1 });
    await loop.push();
    const due = () => loop.store.dueEntries('create_task', loop.now(), 10);
    loop.advance(29 * MINUTE);
    assert.equal((await due()).length, 0);
    loop.advance(2 * MINUTE);
    assert.equal((await due()).length, 1);
  });

  it('one entry that Label Studio refuses is buried with its reason, and the others go', async () => {
    const ids = await selected(20);
    const [poison, ...others] = ids as [PredictionId, ...PredictionId[]];
    const text = JSON.stringify({ detail: 'data of this task is odd' });
    const as = { status: 400, text };
    loop.fake.break({ at: IMPORT, containing: poison, as, times: Infinity });
    const { created, buried, error } = await loop.push();
    assert.deepEqual([created, buried, error], [19, 1, null]);
    await assertOnceEach(others);
    const [dead] = await loop.store.deadEntries(10);
    assert.ok(dead);
    assert.equal(dead.predictionId, poison);
    assert.match(dead.lastError ?? '', /data of this task is odd/);
    assert.ok(loop.logged.includes('error outbox entry is dead'));

    loop.fake.heal();
    await loop.store.redrive(null);
    await pushAll();
    await assertOnceEach(ids);
  });

  it('a refused token buries nothing: all waits until it is mended', async () => {
    const ids = await selected(3);
    loop.fake.break({ at: '', as: { status: 401 }, times: Infinity });
    const { error, buried } = await loop.push();
    assert.ok(error instanceof LabelingToolRefused);
    assert.equal(buried, 0);
    loop.fake.heal();
    await pushAll();
    await assertOnceEach(ids);
  });

  it('tasks of a deleted project go as soon as it is made again, and the other projects go on', async () => {
    const ids = await selected(120);
    const [hard] = await loop.record(1, { rates: RATES.low_confidence, isLowConfidence: true });
    await loop.choose();
    await loop.people.removeProject(await loop.projectId());
    const first = await loop.push();
    assert.deepEqual(first.missingProjects, ['random']);
    assert.equal(first.error, null);
    await loop.ensure();
    const second = await loop.push();
    assert.deepEqual(second.missingProjects, []);
    await assertOnceEach([...ids, hard as PredictionId]);
  });

  it('before the projects are there nothing is sent and nothing is lost', async () => {
    const fresh = await openLoop();
    try {
      const ids = await fresh.record(2);
      await fresh.choose();
      assert.deepEqual((await fresh.push()).missingProjects, ['random']);
      await fresh.ensure();
      assert.equal((await fresh.push()).created, ids.length);
    } finally {
      await fresh.close();
    }
  });

  it('what a person had deleted leaves no task, whether pushed or still waiting', async () => {
    const [pushed] = (await loop.pushed(1)) as [PredictionId];
    const [waiting] = (await selected(1)) as [PredictionId];
    for (const id of [pushed, waiting]) await loop.store.erasePrediction(id, loop.now());
    await loop.push();
    assert.deepEqual([...loop.tasksThere(pushed), ...loop.tasksThere(waiting)], []);
    assert.equal((await loop.store.outboxState()).pending, 0);
  });

  it('what a person had deleted leaves no task, also where nobody heard that it was made', async () => {
    const ids = await selected(3);
    loop.fake.break({ at: IMPORT, as: 'lost' });
    await loop.push();
    assert.equal(loop.fake.records.tasks.size, 3, 'Label Studio did make them');
    for (const id of ids) await loop.store.erasePrediction(id, loop.now());
    loop.advance(MINUTE);
    const { done } = await loop.push();
    assert.equal(done, 3);
    assert.equal((await loop.reconcile()).foreign, 0);
    assert.equal(loop.fake.records.tasks.size, 0);
    assert.equal((await loop.store.outboxState()).pending, 0);
  });

  it('what a person had deleted just before it would be sent again leaves no task', async () => {
    const [id] = (await selected(1)) as [PredictionId];
    loop.fake.break({ at: IMPORT, as: 'lost' });
    await loop.push();
    loop.advance(MINUTE);
    const { store } = loop;
    loop.store = {
      ...store,
      dueEntries: async (...given) => {
        const due = await store.dueEntries(...given);
        if (due.length > 0) await store.erasePrediction(id, loop.now());
        return due;
      },
    };
    await loop.push();
    loop.store = store;
    await loop.push();
    assert.deepEqual(loop.tasksThere(id), []);
    assert.equal((await store.outboxState()).pending, 0);
  });

  it('what a person had deleted while it was being sent leaves no task, though its sender dies', async () => {
    const [id] = (await selected(1)) as [PredictionId];
    const { tool } = loop;
    loop.tool = {
      ...tool,
      createTasks: async (...given) => {
        await loop.store.erasePrediction(id, loop.now());
        await tool.createTasks(...given);
        throw new Error('killed');
      },
    };
    await assert.rejects(loop.push(), /killed/);
    loop.tool = tool;
    loop.advance(MINUTE);
    await loop.push();
    assert.deepEqual(loop.tasksThere(id), []);
    assert.equal((await loop.store.outboxState()).pending, 0);
  });

  it("a deletion never hits another's task that got the same id in a Label Studio that was reset", async () => {
    const [id] = (await loop.pushed(1)) as [PredictionId];
    const task = loop.fake.records.tasks.get((await loop.task(id)).taskId);
    assert.ok(task !== undefined);
    task.data = { image: 'x', prediction_id: 'another' };
    await loop.store.erasePrediction(id, loop.now());
    await loop.push();
    assert.ok(loop.fake.records.tasks.has(task.id));
  });

  it('a renewed image reaches its task; one whose task is gone is done', async () => {
    const [there, gone] = (await loop.pushed(2)) as [PredictionId, PredictionId];
    await loop.people.removeTask((await loop.task(gone)).taskId);
    const entry = { kind: 'renew_image', project: 'random', reasons: [], taskId: null } as const;
    await loop.store.enqueue(
      [there, gone].map((id) => ({ ...entry, predictionId: id, createdAt: loop.now() })),
      loop.fence,
    );
    loop.settings.push = { ...loop.settings.push, imageUrl: (id) => `http://renewed/${id}` };
    const { done } = await loop.push();
    assert.equal(done, 2);
    const shown = await loop.people.showTask((await loop.task(there)).taskId);
    assert.equal(shown.data['image'], `http://renewed/${there}`);
    assert.equal((await loop.store.outboxState()).pending, 0);
  });

  it('a prediction reported without its image becomes a task once the image is there', async () => {
    const [id] = (await loop.record(1, { contentDigest: '' })) as [PredictionId];
    await loop.choose();
    assert.equal((await loop.push()).postponed, 1);
    assert.equal(loop.tasksThere(id).length, 0);
    const { objectKey } = (await loop.store.findPrediction(id))!;
    await loop.objects.put(objectKey, Buffer.from('a picture'));
    loop.advance(60_000);
    assert.equal((await loop.push()).created, 1);
    assert.equal(loop.tasksThere(id).length, 1);
  });

  it('however long it takes to ask for images that are not there yet, a push asks for each once', async () => {
    const ids = await loop.record(120, { contentDigest: '' });
    await loop.choose();
    let asked = 0;
    loop.objects = {
      ...loop.objects,
      has: async () => {
        asked += 1;
        assert.ok(asked <= ids.length, 'one was asked for again in the same push');
        loop.advance(40_000);
        return false;
      },
    };
    assert.equal((await loop.push()).postponed, ids.length);
  });

  it('an image that never comes ends with a dead entry that says so, and none before its time', async () => {
    await loop.record(1, { contentDigest: '' });
    await loop.choose();
    loop.advance(7 * 86_400_000 - 60_000);
    assert.equal((await loop.push()).buried, 0);
    loop.advance(120_000);
    assert.equal((await loop.push()).buried, 1);
    assert.match((await loop.store.deadEntries(1))[0]?.lastError ?? '', /never sent the image/);
  });
});
