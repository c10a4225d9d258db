import { createPrometheusMeter } from '../src/adapters/prometheus/create-prometheus-meter.ts';
import { exposeEstimates } from '../src/expose/expose-estimates.ts';
import type { Store } from '../src/ports/store.ts';
import { estimateVersions } from '../src/sync/estimate-versions.ts';
import { NOW } from './filled-store.ts';
import { openFilled, SMALL } from './kept-store.ts';

const LARGE = 1_000_000;
const ROUNDS = 15;
const WARM_UP = 2;
/** Scrapes after each estimate: one takes a few ms. */
const SCRAPES = 10;
/** The promise: all windows of the large store cost less than this many times those of the small one. */
const RATIO_MAX = 1.5;

const SETTINGS = {
  windows: ['1h', '1d', '7d', '30d', 'all'],
  classes: [],
  segments: [],
  targetAccuracy: 0.8,
  labelSlaMs: 7 * 86_400_000,
  isAnchored: false,
} as const;

/**
 * `npm run bench -- estimate [records]`: what an estimate of all windows, and a scrape of what it found, cost with ten thousand
 * and with a million recorded predictions: 30 days, 11 classes, continuous confidences, a policy (so other probabilities)
 * every minute, 6000 labels in both. Turn by turn, so that what else the machine does falls on both alike. Filling a store
 * of a million takes some minutes; it is kept for the next time.
 */
export async function benchEstimate(): Promise<void> {
  const records = Number(process.argv[3] ?? LARGE);
  const stores = [await openFilled(SMALL), await openFilled(records)] as const;
  try {
    const [few, many] = await compare(...stores);
    console.log(
      '| recorded predictions | all windows, median ms | a scrape, median ms |\n| ---: | ---: | ---: |',
    );
    for (const [count, cost] of [[SMALL, few] as const, [records, many] as const])
      console.log(`| ${count} | ${cost.estimate.toFixed(1)} | ${cost.scrape.toFixed(2)} |`);
    const ratios = [many.estimate / few.estimate, many.scrape / few.scrape];
    const shown = ratios.map((ratio) => ratio.toFixed(2)).join(' and ');
    console.log(`\nRatios ${shown}, promised below ${RATIO_MAX}.`);
    if (!ratios.every((ratio) => ratio < RATIO_MAX)) process.exitCode = 1;
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

interface Cost {
  readonly estimate: number;
  readonly scrape: number;
}

async function compare(small: Store, large: Store): Promise<readonly [Cost, Cost]> {
  const measured = [new Rounds(small), new Rounds(large)] as const;
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1)
    for (const rounds of measured) await rounds.next();
  return [measured[0].cost(), measured[1].cost()];
}

/** Estimates and scrapes of one store, timed. */
class Rounds {
  readonly #store: Store;
  readonly #metrics = createPrometheusMeter({ role: 'sync', labelValues: {} });
  readonly #times: { readonly estimate: number; readonly scrape: number }[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  async next(): Promise<void> {
    const began = performance.now();
    exposeEstimates(this.#metrics.meter, await estimateVersions(this.#store, SETTINGS, NOW), []);
    const estimated = performance.now();
    for (let scrape = 0; scrape < SCRAPES; scrape += 1) await this.#metrics.metricsText();
    this.#times.push({
      estimate: estimated - began,
      scrape: (performance.now() - estimated) / SCRAPES,
    });
  }

  cost(): Cost {
    const times = this.#times.slice(WARM_UP);
    return {
      estimate: median(times.map(({ estimate }) => estimate)),
      scrape: median(times.map(({ scrape }) => scrape)),
    };
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
