import { describeAnswers } from './store/answers.ts';
import { describeEstimates } from './store/estimates.ts';
import type { Bench, OpenedStore } from './store/fixtures.ts';
import { takeLease } from './store/fixtures.ts';
import { describeNotices } from './store/notices.ts';
import { describeOutbox } from './store/outbox.ts';
import { describePopulation } from './store/population.ts';
import { describePredictions } from './store/predictions.ts';
import { describeRecordsBetween } from './store/records-between.ts';
import { describeReporters } from './store/reporters.ts';
import { describeRuns } from './store/runs.ts';
import { describeSelections } from './store/selections.ts';
import { describeShadowAnswers } from './store/shadow-answers.ts';
import { describeSharedTasks } from './store/shared-tasks.ts';
import { describeTasks } from './store/tasks.ts';

export type { OpenedStore } from './store/fixtures.ts';

/**
 * What every store promises.
 * @param open opens an empty store
 * @param populationRuns histories tried in the recount of the population
 */
export function describeStore(
  name: string,
  open: () => Promise<OpenedStore>,
  populationRuns = 30,
): void {
  describe(`store contract: ${name}`, () => {
    // Filled before each test; the sections read it when a test runs.
    const bench = {} as Bench;

    beforeEach(async () => {
      bench.opened = await open();
      bench.store = bench.opened.store;
      bench.fence = await takeLease(bench.store);
    });

    afterEach(async () => {
      await bench.store.close();
      await bench.opened.dispose();
    });

    describePredictions(bench);
    describeAnswers(bench);
    describeShadowAnswers(bench);
    describeRecordsBetween(bench);
    describeSelections(bench);
    describePopulation(bench, populationRuns);
    describeOutbox(bench);
    describeTasks(bench);
    describeSharedTasks(bench);
    describeEstimates(bench);
    describeNotices(bench);
    describeRuns(bench);
    describeReporters(bench);
  });
}
