import { objectKey } from '../src/domain/ids.ts';
import { type FilledStore, NOW, VERSION } from './filled-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Operation {
  readonly name: string;
  readonly rounds: number;
  readonly run: (filled: FilledStore) => Promise<unknown>;
}

let turn = 0;
/** Wanders through the records, never to the same one twice. */
const somewhere = (): number => (turn++ * 0.618_033_988_75) % 1;
const windowOf =
  (days: number) =>
  ({ store }: FilledStore): Promise<unknown> =>
    store.populationBlocks(VERSION, Math.floor((NOW - days * DAY) / HOUR) * HOUR, NOW);

/** What happens to a prediction, and what is asked about all of them. */
export const JOURNEY: readonly Operation[] = [
  { name: 'record one', rounds: 100, run: (filled) => filled.record(1) },
  { name: 'record a hundred at once', rounds: 20, run: (filled) => filled.record(100) },
  {
    name: 'find a prediction',
    rounds: 200,
    run: (filled) => filled.store.findPrediction(filled.idAt(somewhere())),
  },
  {
    name: 'flag a prediction',
    rounds: 50,
    run: (filled) =>
      filled.store.giveFeedback(
        {
          ...{ predictionId: filled.idAt(somewhere()), kind: 'flag' },
          ...{ suggestedClass: null, at: NOW },
        },
        365 * DAY,
      ),
  },
  {
    name: 'decide a batch of a hundred',
    rounds: 10,
    run: async (filled) => {
      await filled.record(100);
      await filled.decide(10);
    },
  },
  { name: 'push and pull ten tasks', rounds: 10, run: (filled) => filled.push(10) },
  { name: 'outbox state', rounds: 50, run: ({ store }) => store.outboxState() },
  { name: 'label flow', rounds: 50, run: ({ store }) => store.labelFlow(NOW + 1) },
  {
    name: 'arrivals of 14 days',
    rounds: 20,
    run: ({ store }) => store.arrivals(NOW - 14 * DAY, NOW),
  },
  {
    name: 'units of 30 days',
    rounds: 10,
    run: ({ store }) => store.units(VERSION, NOW - 30 * DAY, NOW, NOW),
  },
  { name: 'population of 1 day', rounds: 20, run: windowOf(1) },
  { name: 'population of 7 days', rounds: 20, run: windowOf(7) },
  { name: 'population of 30 days', rounds: 20, run: windowOf(30) },
  {
    name: 'days of 30 days',
    rounds: 20,
    run: ({ store }) => store.populationDays(VERSION, NOW - 30 * DAY, NOW),
  },
  {
    name: 'feedback of 30 days',
    rounds: 20,
    run: ({ store }) => store.feedbackCounts(VERSION, NOW - 30 * DAY, NOW),
  },
  {
    name: 'is an object referenced',
    rounds: 100,
    run: ({ store }) => store.isObjectReferenced(objectKey('images/nothing.jpg')),
  },
  {
    name: 'erase a prediction',
    rounds: 20,
    run: (filled) => filled.store.erasePrediction(filled.idAt(somewhere()), NOW),
  },
  { name: 'forget a hundred', rounds: 10, run: ({ store }) => store.forgetUnselected(NOW, 100) },
];
