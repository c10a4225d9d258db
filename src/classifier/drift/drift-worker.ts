import { parentPort, workerData } from 'node:worker_threads';

import { compareSamples } from './compare-samples.ts';
import type { DriftComparison, DriftWorkerStart } from './drift-thread.ts';

/* A thread that compares windows with the reference: half a second of arithmetic that no answer waits for. */
const { classes } = workerData as DriftWorkerStart;

parentPort?.on('message', ({ reference, window, seed }: DriftComparison) => {
  parentPort?.postMessage(compareSamples(reference, window, classes, generator(seed)));
});

/** @see Marsaglia (2003), Xorshift RNGs; 32 bits are plenty to shuffle a few hundred rows. */
function generator(seed: number): () => number {
  let state = Math.floor(seed * 0xffff_fffe) + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
