import assert from 'node:assert/strict';

import type { Candidate } from '../../../src/domain/selection.ts';
import type { Unit } from '../../../src/domain/unit.ts';
import type { Bench } from './fixtures.ts';
import {
  agreed,
  annotation,
  commit,
  DAY,
  entriesOf,
  HOUR,
  NOON,
  pid,
  prediction,
  pull,
  V1,
} from './fixtures.ts';

const PHOTO = 'digest-of-one-photo';

/** Copies of one content share a task where the batch is told so. */
export function describeSharedTasks(bench: Bench): void {
  /** Records copies of one photo and selects all of them. */
  async function select(ids: readonly string[], isDeduplicating = true): Promise<void> {
    const { store } = bench;
    for (const id of ids)
      await store.recordPrediction(
        prediction(id, { contentDigest: PHOTO, at: NOON + ids.indexOf(id) }),
      );
    const candidates = await store.candidates(NOON + DAY);
    const pis = new Map(
      candidates.map(({ predictionId }, index) => [predictionId, 0.5 / (index + 1)]),
    );
    const choose = ({ predictionId }: Candidate) => ({ pi: pis.get(predictionId) ?? 1, q: 0.1 });
    await commit(bench, candidates, choose, NOON + HOUR, isDeduplicating);
  }

  async function push(): Promise<void> {
    const { store, fence } = bench;
    const entries = await entriesOf(store);
    await store.markCreated(
      entries.map(({ id: entryId, predictionId, project }) => ({
        ...{ entryId, predictionId, project, projectId: 7, taskId: 100 + entryId },
        pushedAt: NOON + 2 * HOUR,
      })),
      fence,
    );
  }

  const units = (): Promise<readonly Unit[]> =>
    bench.store.units(V1, 0, NOON + DAY, NOON + 30 * DAY);
  const outcomes = async (): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      (await units()).map(({ predictionId, outcome }) => [
        predictionId.startsWith('erased') ? 'erased' : predictionId,
        outcome.state === 'labelled' ? outcome.shares : outcome.state,
      ]),
    );
  const created = async (): Promise<readonly string[]> =>
    (await entriesOf(bench.store)).map(({ predictionId }) => predictionId);

  describe('shared tasks', () => {
    it('copies of a photo get a task each, unless the batch is told otherwise', async () => {
      await select(['a', 'b', 'c'], false);
      assert.deepEqual(await created(), ['a', 'b', 'c']);
    });

    it('of the copies in one batch and in later ones the first has the task; every pi is its own', async () => {
      await select(['a', 'b']);
      await select(['c']);
      assert.deepEqual(await created(), ['a']);
      const pis = (await units()).map(({ predictionId, pi, isRandom }) => [
        predictionId,
        pi,
        isRandom,
      ]);
      assert.deepEqual(pis, [
        ['a', 0.5, true],
        ['c', 0.5, true],
        ['b', 0.25, true],
      ]);
      assert.equal(await bench.store.selectedOnDay(NOON - 12 * HOUR), 1);
      assert.equal((await bench.store.labelFlow(NOON)).openTasks, 1);
    });

    it('a copy of what has a task since before joins it, and takes its label', async () => {
      await select(['a'], false);
      await push();
      await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
      await select(['b']);
      assert.deepEqual(await created(), []);
      assert.deepEqual(await outcomes(), { a: { Rice: 1 }, b: { Rice: 1 } });
    });

    it('the label counts for each, the answer for one, and an edit for each again', async () => {
      await select(['a', 'b', 'c']);
      await push();
      assert.deepEqual(await outcomes(), { a: 'open', b: 'open', c: 'open' });
      await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
      assert.deepEqual(await outcomes(), { a: { Rice: 1 }, b: { Rice: 1 }, c: { Rice: 1 } });
      assert.deepEqual(
        (await units()).map(({ answers }) => answers.length),
        [1, 0, 0],
      );
      assert.deepEqual(await bench.store.labelFlow(NOON), { labels: 1, openTasks: 0 });
      await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
      assert.deepEqual(await outcomes(), { a: { Soup: 1 }, b: { Soup: 1 }, c: { Soup: 1 } });
    });

    it('the task is found under each, and listed once', async () => {
      const { store } = bench;
      await select(['a', 'b']);
      assert.equal(await store.findTask(pid('b')), null);
      await push();
      assert.deepEqual(await store.findTask(pid('b')), await store.findTask(pid('a')));
      assert.equal((await store.findTask(pid('b')))?.predictionId, 'a');
      assert.deepEqual(
        (await store.tasksOf([pid('a'), pid('b')])).map(({ predictionId }) => predictionId),
        ['a'],
      );
      const listed: string[] = [];
      for await (const page of store.allTasks('random'))
        listed.push(...page.map(({ predictionId }) => predictionId));
      assert.deepEqual(listed, ['a']);
    });

    it('a task that is gone is gone for each, and a later copy gets one of its own', async () => {
      await select(['a', 'b']);
      await push();
      await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
      await bench.store.markDeleted([pid('a')], NOON + DAY, bench.fence);
      assert.deepEqual(await outcomes(), { a: 'deleted', b: 'deleted' });
      await select(['c']);
      assert.deepEqual(await created(), ['c']);
    });

    it('one that shares is erased: the task stays, the others keep its label, the erased one the one of that day', async () => {
      const { store } = bench;
      await select(['a', 'b', 'c']);
      await push();
      await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
      const left = await store.erasePrediction(pid('b'), NOON + DAY);
      assert.equal(left?.taskId, null);
      assert.deepEqual(await entriesOf(store, 'delete_task'), []);
      await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
      assert.deepEqual(await outcomes(), { a: { Soup: 1 }, c: { Soup: 1 }, erased: { Rice: 1 } });
    });

    it('the one that has the labelled task is erased: the others keep the label, and the next copy takes it too', async () => {
      const { store } = bench;
      await select(['a', 'b', 'c']);
      await push();
      await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
      const left = await store.erasePrediction(pid('a'), NOON + DAY);
      assert.notEqual(left?.taskId, null);
      assert.equal((await entriesOf(store, 'delete_task')).length, 1);
      await select(['d']);
      assert.deepEqual(await created(), []);
      assert.deepEqual(await outcomes(), {
        ...{ erased: { Rice: 1 }, b: { Rice: 1 }, c: { Rice: 1 }, d: { Rice: 1 } },
      });
      assert.equal((await store.labelFlow(NOON)).labels, 1);
    });

    it('the one that has the open task is erased: another gets a task for all that are left', async () => {
      const { store } = bench;
      await select(['a', 'b', 'c']);
      await push();
      await store.erasePrediction(pid('a'), NOON + DAY);
      assert.deepEqual(await created(), ['b']);
      await push();
      await pull(bench, 'b', [annotation(2, 'Soup')], agreed('Soup'));
      assert.deepEqual(await outcomes(), { erased: 'deleted', b: { Soup: 1 }, c: { Soup: 1 } });
      await store.erasePrediction(pid('b'), NOON + DAY);
      await store.erasePrediction(pid('c'), NOON + DAY);
      assert.deepEqual(
        (await units()).map(({ outcome }) => outcome.state),
        ['deleted', 'labelled', 'labelled'],
      );
    });

    it('before its task was made the one that has it is erased: another gets it, and the first none', async () => {
      await select(['a', 'b']);
      await bench.store.erasePrediction(pid('a'), NOON + DAY);
      assert.deepEqual(await created(), ['b']);
      assert.deepEqual(await outcomes(), { erased: 'deleted', b: 'open' });
    });

    it('a copy that was erased before its batch joins nothing', async () => {
      const { store } = bench;
      await select(['a']);
      await store.recordPrediction(prediction('b', { contentDigest: PHOTO }));
      await store.erasePrediction(pid('b'), NOON + HOUR);
      await commit(bench, await store.candidates(NOON + DAY));
      assert.deepEqual(await created(), ['a']);
      assert.deepEqual(await outcomes(), { a: 'open', erased: 'deleted' });
    });
  });
}
