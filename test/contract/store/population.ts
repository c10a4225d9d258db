import assert from 'node:assert/strict';

import fc from 'fast-check';

import { modelVersion, predictionId } from '../../../src/domain/ids.ts';
import {
  BLOCK_LENGTH,
  CELL_FIELDS,
  cellOffset,
  confidenceBin,
  HISTOGRAM_BINS,
  histogramBin,
  patternIndex,
} from '../../../src/domain/population.ts';
import type { StoredPrediction } from '../../../src/domain/prediction.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Bench } from './fixtures.ts';
import { commit, DAY, flag, HOUR, NOON, prediction } from './fixtures.ts';

const CLASSES = ['Soup', 'Rice'] as const;
const SEGMENTS = ['', 'north'] as const;
const SECOND = modelVersion('second');

type Step =
  | {
      readonly do: 'record';
      readonly hoursAgo: number;
      readonly confidence: number;
      readonly pick: number;
    }
  | { readonly do: 'flag'; readonly pick: number }
  | { readonly do: 'answer'; readonly pick: number; readonly differs: boolean }
  | { readonly do: 'decide'; readonly pi: number; readonly threshold: number }
  | { readonly do: 'forget' | 'rollUp' }
  | { readonly do: 'erase'; readonly pick: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      hoursAgo: fc.integer({ min: 0, max: 70 }),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      pick: fc.nat(3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flag' as const), pick: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      pick: fc.nat(30),
      differs: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      pi: fc.double({ min: 0.01, max: 1, noNaN: true }),
      threshold: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('forget' as const, 'rollUp' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('erase' as const), pick: fc.nat(30) }) },
);

/** Population counts against a plain recount of everything that was ever recorded. */
export function describePopulation(bench: Bench, runs: number): void {
  describe('population', () => {
    it('the sums equal a recount of every prediction, after any history of recording, disputes, answers of a second model, decisions, forgetting, erasing and rolling up', async () => {
      let number = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
          number += 1;
          const history = new History(bench, `v${number}`);
          for (const one of steps) await history.take(one);
          await history.check();
        }),
        { numRuns: runs },
      );
    }).timeout(120_000);

    it('a window is covered exactly once by whole days and the hours at its ends', async () => {
      const { store } = bench;
      const version = modelVersion('v');
      for (let hour = -60; hour < 12; hour += 1)
        await store.recordPrediction(
          prediction(`p${hour}`, { at: NOON + hour * HOUR + 5, modelVersion: version }),
        );
      for (const [from, to] of [
        [-60, 12],
        [-60, 0.5],
        [-37, -12],
        [-36, -12],
        [-30, -20],
        [-1, 0],
        [-12, 12],
      ] as const) {
        const expected = Math.ceil(to) - from;
        const blocks = await store.populationBlocks(version, NOON + from * HOUR, NOON + to * HOUR);
        assert.equal(total(blocks), expected, `hours ${from} to ${to}`);
      }
    });

    it('after rolling up, a window that begins within a rolled-up day gets the whole day', async () => {
      const { store, fence } = bench;
      const version = modelVersion('v');
      for (let hour = -60; hour < 0; hour += 1)
        await store.recordPrediction(
          prediction(`p${hour}`, { at: NOON + hour * HOUR, modelVersion: version }),
        );
      await store.giveFeedback(flag('p-50', NOON), 7 * DAY);
      const read = () => store.populationBlocks(version, NOON - 60 * HOUR, NOON);
      assert.equal(total(await read()), 60);
      for (let time = 0; time < 2; time += 1) {
        await store.rollUp(NOON - DAY, fence);
        assert.equal(total(await read()), 60);
        assert.deepEqual(await store.feedbackCounts(version, NOON - 60 * HOUR, NOON), {
          flag: 1,
          correction: 0,
          confirmation: 0,
        });
      }
      assert.equal(total(await store.populationBlocks(version, NOON - 50 * HOUR, NOON)), 60);
      assert.ok((await read()).length < 20, 'the hours are gone');
      await store.recordPrediction(
        prediction('late', { at: NOON - 50 * HOUR, modelVersion: version }),
      );
      assert.equal(total(await read()), 61);
    });
  });
}

const total = (blocks: Awaited<ReturnType<Store['populationBlocks']>>): number =>
  blocks
    .flatMap(({ sums }) => [...sums].filter((_, index) => index % CELL_FIELDS.length === 0))
    .reduce((sum, n) => sum + n, 0);

/** Everything that happened to one model version, kept the slow way. */
class History {
  readonly #bench: Bench;
  readonly #version: string;
  readonly #all: StoredPrediction[] = [];
  readonly #gone = new Set<StoredPrediction>();

  constructor(bench: Bench, version: string) {
    this.#bench = bench;
    this.#version = version;
  }

  async take(step: Step): Promise<void> {
    const { store, fence } = this.#bench;
    if (step.do === 'record') await this.#record(step);
    if (step.do === 'flag') await this.#flag(step.pick);
    if (step.do === 'answer') await this.#answer(step.pick, step.differs);
    if (step.do === 'decide') await this.#decide(step.pi, step.threshold);
    if (step.do === 'forget') await store.forgetUnselected(NOON - 12 * HOUR, 3);
    if (step.do === 'rollUp') await store.rollUp(NOON - 30 * HOUR, fence);
    if (step.do === 'erase') await this.#erase(step.pick);
  }

  async #record({ hoursAgo, confidence, pick }: Extract<Step, { do: 'record' }>): Promise<void> {
    const item = prediction(`${this.#version}-${this.#all.length}`, {
      at: NOON - hoursAgo * HOUR,
      modelVersion: modelVersion(this.#version),
      confidence,
      isLowConfidence: confidence < 0.5,
      predictedClass: CLASSES[pick % 2] ?? 'Soup',
      segment: SEGMENTS[pick >> 1] ?? '',
      probabilities: pick === 0 ? null : { Soup: confidence, Rice: 1 - confidence },
    });
    await this.#bench.store.recordPrediction(item);
    this.#all.push({ ...item, isDisputed: false, shadowAnswer: null, decision: null });
  }

  async #flag(pick: number): Promise<void> {
    const item = this.#all[pick];
    if (item === undefined) return;
    const answer = await this.#bench.store.giveFeedback(flag(item.id, NOON), 2 * DAY);
    if (answer !== null && NOON < item.at + 2 * DAY) this.#replace(pick, { isDisputed: true });
  }

  /** A second model answers, differently or not. */
  async #answer(pick: number, differs: boolean): Promise<void> {
    const item = this.#all[pick];
    if (item === undefined) return;
    const predictedClass = differs ? 'Bread' : item.predictedClass;
    const answer = { modelVersion: SECOND, predictedClass, confidence: 0.5, at: NOON };
    const outcome = await this.#bench.store.recordShadowAnswer({ id: item.id, ...answer }, 2 * DAY);
    if (outcome !== 'recorded') return;
    const disputes = differs && NOON < item.at + 2 * DAY;
    this.#replace(pick, { shadowAnswer: answer, isDisputed: item.isDisputed || disputes });
  }

  /** Decides all candidates; what became of them is read back where it still has a name. */
  async #decide(pi: number, threshold: number): Promise<void> {
    const { store } = this.#bench;
    const candidates = await store.candidates(NOON + 1);
    await commit(this.#bench, candidates, ({ earlier }) => ({
      pi: Math.max(pi, earlier?.pi ?? 0),
      q: Math.min(pi, earlier?.q ?? pi) / 2,
      isSelected: earlier?.isSelected === true || pi < threshold,
    }));
    for (const [index, item] of this.#all.entries()) {
      const found = await store.findPrediction(item.id);
      if (found !== null) this.#replace(index, { decision: found.decision });
    }
    assert.deepEqual(await store.candidates(NOON + 1), []);
  }

  /** Once decided and no longer waiting, an erased one's numbers are final: only such are erased here. */
  async #erase(pick: number): Promise<void> {
    const item = this.#all[pick];
    if (item?.decision == null || item.isDisputed) return;
    await this.#bench.store.erasePrediction(item.id, NOON);
    this.#gone.add(item);
  }

  #replace(index: number, changes: Partial<StoredPrediction>): void {
    const item = this.#all[index];
    if (item !== undefined) this.#all[index] = { ...item, ...changes };
  }

  async check(): Promise<void> {
    const { store } = this.#bench;
    const range = [modelVersion(this.#version), NOON - 80 * HOUR, NOON + HOUR] as const;
    const blocks = await store.populationBlocks(...range);
    for (const predictedClass of CLASSES)
      for (const segment of SEGMENTS) {
        const units = this.#all.filter(
          (unit) => unit.predictedClass === predictedClass && unit.segment === segment,
        );
        const stored = blocks
          .filter((block) => block.predictedClass === predictedClass && block.segment === segment)
          .map(({ sums }) => sums);
        assertClose(addUp(stored, BLOCK_LENGTH), recount(units));
      }
    const pair = { served: range[0], other: SECOND };
    const answered = this.#all.filter(({ shadowAnswer }) => shadowAnswer !== null);
    assert.deepEqual(await store.pairCounts(pair, range[1], range[2]), {
      answered: answered.length,
      differ: answered.filter(({ shadowAnswer }) => shadowAnswer?.predictedClass === 'Bread')
        .length,
    });
    const days = await store.populationDays(...range);
    assertClose(
      addUp(
        days.map(({ histogram }) => histogram),
        HISTOGRAM_BINS,
      ),
      histogramOf(this.#all),
    );
    assertClose(
      CLASSES.map((name) =>
        days.reduce((sum, day) => sum + (day.classProbabilities[name]?.['Rice'] ?? 0), 0),
      ),
      CLASSES.map((name) =>
        this.#all
          .filter((unit) => unit.predictedClass === name)
          .reduce((sum, unit) => sum + (unit.probabilities?.['Rice'] ?? 0), 0),
      ),
    );
    for (const { id } of this.#gone)
      assert.equal(await store.findPrediction(predictionId(id)), null);
  }
}

function addUp(parts: readonly Float64Array[], length: number): number[] {
  const sums = new Array<number>(length).fill(0);
  for (const part of parts)
    part.forEach((value, index) => {
      sums[index] = (sums[index] ?? 0) + value;
    });
  return sums;
}

function recount(units: readonly StoredPrediction[]): number[] {
  const sums = new Array<number>(BLOCK_LENGTH).fill(0);
  for (const { confidence: c, decision, isLowConfidence, isDisputed } of units) {
    const offset = cellOffset(patternIndex(isLowConfidence, isDisputed), confidenceBin(c));
    const values =
      decision === null
        ? [1, c]
        : [1, c, 1, c, 1 / decision.pi, c / decision.pi, 1 / decision.q, c / decision.q];
    values.forEach((value, index) => {
      sums[offset + index] = (sums[offset + index] ?? 0) + value;
    });
  }
  return sums;
}

function histogramOf(units: readonly StoredPrediction[]): number[] {
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const { confidence } of units) {
    const bin = histogramBin(confidence);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, index) => {
    const wanted = expected[index] ?? NaN;
    assert.ok(
      Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)),
      `number ${index} is ${value}, a recount gives ${wanted}`,
    );
  });
}
