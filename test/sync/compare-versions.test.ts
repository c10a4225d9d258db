import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { type ModelVersion, modelVersion } from '../../src/domain/ids.ts';
import type { Store } from '../../src/ports/store.ts';
import { chooseTasks } from '../../src/push/choose-tasks.ts';
import { permanentRandomNumber } from '../../src/select/permanent-random-number.ts';
import { compareVersions } from '../../src/sync/compare-versions.ts';
import {
  agreed,
  annotation,
  DAY,
  entriesOf,
  HORIZON,
  NOON,
  pid,
  prediction,
  pull,
  takeLease,
} from '../contract/store/fixtures.ts';
import { createCountingMeter } from '../fakes/counting-meter.ts';

const [OLD, NEW] = [modelVersion('z-old'), modelVersion('a-new')];
const SETTINGS = { windows: ['7d', 'all'] as const, labelSlaMs: DAY, isAnchored: false };

interface Known {
  readonly id: string;
  readonly served: ModelVersion;
  readonly other: ModelVersion;
  readonly servedClass: string;
  readonly otherClass: string;
  readonly trueClass: string;
  /** Never, at once, or after the first batch. */
  readonly isAnswered: 'never' | 'soon' | 'late';
}

/** A photo of soup, of which the two say this and that; the newer one serves every third upload after the first hundred. */
const known = Array.from({ length: 400 }, (_, index): Known => {
  const isNewServed = index >= 100 && index % 3 === 0;
  const differs = index % 4 === 0;
  const oldClass = index % 8 === 0 || (differs && index % 20 !== 4) ? 'Rice' : 'Soup';
  const newClass = !differs ? oldClass : oldClass === 'Soup' || index % 16 === 8 ? 'Bread' : 'Soup';
  return {
    ...{ id: `p${index}`, trueClass: 'Soup' },
    ...(isNewServed ? { served: NEW, other: OLD } : { served: OLD, other: NEW }),
    ...(isNewServed
      ? { servedClass: newClass, otherClass: oldClass }
      : { servedClass: oldClass, otherClass: newClass }),
    isAnswered: index % 5 === 1 ? 'never' : index % 7 === 0 ? 'late' : 'soon',
  };
});

describe('versions that answered the same predictions, from the records', function () {
  this.timeout(60_000);
  let folder: string;
  let store: Store;
  const meter = createCountingMeter();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'comparisons-'));
    store = await openSqliteStore({ path: join(folder, 'records.db') });
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const choose = async (now: number): Promise<void> => {
    await chooseTasks(
      { store, random: systemRandom, meter },
      {
        ...{ pushDelayMs: 0, budgetPerDay: 1000, isDeduplicating: false },
        numberOf: (id) => permanentRandomNumber(Buffer.from('key'), id),
      },
      now,
      await takeLease(store),
    );
  };
  const answer = ({ id, other, otherClass }: Known, at: number) =>
    store.recordShadowAnswer(
      { ...{ id: pid(id), modelVersion: other, predictedClass: otherClass }, confidence: 0.6, at },
      HORIZON,
    );

  it('there is nothing to compare before a second model has answered', async () => {
    for (const { id, served, servedClass } of known)
      await store.recordPrediction(
        prediction(id, {
          at: NOON + Number(id.slice(1)),
          ...{ modelVersion: served, predictedClass: servedClass, probabilities: null },
          rates: { random: 0.2, lowConfidence: 0, disputed: 0.6, spare: 0.2 },
        }),
      );
    assert.deepEqual(await compareVersions(store, SETTINGS, NOON + DAY), []);
  });

  it('what differs is labelled for that reason, and a person who disputed before is named instead', async () => {
    const [first] = known.filter(({ servedClass, otherClass }) => servedClass !== otherClass);
    await store.giveFeedback(
      { ...{ predictionId: pid(first!.id), kind: 'flag', suggestedClass: null }, at: NOON + 1000 },
      HORIZON,
    );
    for (const one of known.filter(({ isAnswered }) => isAnswered === 'soon'))
      await answer(one, NOON + 1000);
    await choose(NOON + 5000);
    for (const one of known.filter(({ isAnswered }) => isAnswered === 'late'))
      await answer(one, NOON + 6000);
    await choose(NOON + 7000);
    const entries = await entriesOf(store);
    const forModels = entries.filter(({ reasons }) => reasons.includes('models_differ'));
    assert.ok(forModels.length > 30);
    const differing = new Map(
      known.map(({ id, servedClass, otherClass }) => [id, servedClass !== otherClass]),
    );
    for (const { predictionId, project, reasons } of forModels) {
      assert.equal(differing.get(predictionId), true);
      assert.equal(project, reasons.includes('random') ? 'random' : 'disputed');
    }
    assert.equal(
      meter.value('truthloop_tasks_selected_total', { reason: 'models_differ' }),
      forModels.length,
    );
    assert.ok(forModels.every(({ predictionId }) => predictionId !== first!.id));
  });

  it('the difference is that of a recount by hand, whoever served, also after forgetting and erasing', async () => {
    const fence = await takeLease(store);
    const decided = await Promise.all(known.map(({ id }) => store.findPrediction(pid(id))));
    const entries = await entriesOf(store);
    await store.markCreated(
      entries.map(({ id, predictionId, project }) => ({
        ...{ entryId: id, predictionId, project, projectId: 7, taskId: id, pushedAt: NOON },
      })),
      fence,
    );
    for (const { predictionId } of entries)
      await pull({ store, fence }, predictionId, [annotation(1, 'Soup')], agreed('Soup'));
    const both = known.filter(({ isAnswered }) => isAnswered !== 'never');
    const differing = both.filter(({ servedClass, otherClass }) => servedClass !== otherClass);
    let [weighted, weights, labels] = [0, 0, 0];
    for (const one of differing) {
      const decision = decided[known.indexOf(one)]?.decision;
      assert.ok(decision);
      assert.ok(decision.pi >= 0.59, 'its chance was raised');
      if (!decision.isSelected) continue;
      const isRight = (version: ModelVersion): number =>
        Number((version === one.served ? one.servedClass : one.otherClass) === one.trueClass);
      weighted += (isRight(NEW) - isRight(OLD)) / decision.pi;
      weights += 1 / decision.pi;
      labels += 1;
    }
    const expected = ((differing.length / both.length) * weighted) / weights;
    const check = async (): Promise<void> => {
      const [week, all, ...others] = await compareVersions(store, SETTINGS, NOON + 2 * DAY);
      assert.deepEqual(others, []);
      for (const found of [week, all]) {
        assert.ok(found?.difference);
        assert.deepEqual([found.baselineVersion, found.modelVersion], [OLD, NEW]);
        assert.deepEqual([found.answered, found.differ], [both.length, differing.length]);
        assert.deepEqual([found.selected, found.labels], [labels, labels]);
        assert.ok(Math.abs(found.difference.value - expected) < 1e-12, `${expected}`);
        assert.ok(found.difference.lower < expected && found.difference.upper > expected);
      }
    };
    assert.ok(expected > 0.02, `by hand ${expected}`);
    await check();
    await store.forgetUnselected(NOON + DAY, 1000);
    for (const { predictionId } of entries.slice(0, 40))
      await store.erasePrediction(predictionId, NOON + DAY);
    await check();
  });
});
