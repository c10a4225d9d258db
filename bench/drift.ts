import { rmSync } from 'node:fs';

import { createPrometheusMeter } from '../src/adapters/prometheus/create-prometheus-meter.ts';
import { compareSamples } from '../src/classifier/drift/compare-samples.ts';
import { createDriftWatch } from '../src/classifier/drift/drift-watch.ts';
import type { ClassifiedImage } from '../src/classify/classify-image.ts';
import { modelVersion } from '../src/domain/ids.ts';
import { DEMO_MODEL, demoModel } from '../test/servers/demo-model.ts';
import { temporaryFolder } from '../test/servers/server.ts';
import { smallPhotos } from './bodies.ts';
import { inProcessLimit } from './limit.ts';

const LEARN_FROM = 500;
const SIMULATED_SECONDS = 300;
const EMBEDDING = 1280;

/**
 * What watching for drift costs an answer, in CPU time: the work on the answering thread and the comparisons in their own,
 * at the rate at which this machine answers. Two runs with and without it would have to be told apart from noise.
 */
export async function benchDrift(): Promise<void> {
  const { classes } = await demoModel();
  const folder = temporaryFolder('bench-bodies');
  const { images } = smallPhotos(folder);
  rmSync(folder, { recursive: true, force: true });
  const answer = await inProcessLimit(DEMO_MODEL, images);
  const { watching, comparing } = await cost(classes, answer.perSecond);
  const kept = answer.cpuMsPerImage / (answer.cpuMsPerImage + watching + comparing);
  console.log('| what | CPU ms an answer |');
  console.log('| --- | --- |');
  console.log(`| decoding and inference | ${answer.cpuMsPerImage.toFixed(3)} |`);
  console.log(`| drift, on the answering thread | ${watching.toFixed(3)} |`);
  console.log(`| drift, comparisons in their own thread | ${comparing.toFixed(3)} |`);
  console.log(`\nWith drift on, ${(100 * kept).toFixed(1)} % of the answers without it.`);
}

/** CPU milliseconds an answer, over some minutes of predictions at a rate. */
async function cost(
  classes: readonly string[],
  perSecond: number,
): Promise<{ readonly watching: number; readonly comparing: number }> {
  const { meter } = createPrometheusMeter({
    role: 'classifier',
    labelValues: { classes, handlers: [] },
  });
  const quiet = (): void => undefined;
  let [now, comparing] = [0, 0];
  const watch = createDriftWatch({
    modelVersion: 'bench',
    reference: null,
    keep: () => Promise.resolve(),
    thread: {
      compare: ({ reference, window }) => {
        const before = process.cpuUsage();
        const report = compareSamples(reference, window, classes, Math.random);
        comparing += milliseconds(process.cpuUsage(before));
        return Promise.resolve(report);
      },
      stop: () => Promise.resolve(),
    },
    ...{ meter, clock: { now: () => now }, random: { id: () => '', uniform: Math.random } },
    log: { error: quiet, warn: quiet, info: quiet, debug: quiet },
  });
  const answers = Array.from({ length: LEARN_FROM }, () => madeUp(classes));
  const total = Math.round(perSecond * SIMULATED_SECONDS);
  const before = process.cpuUsage();
  for (let i = 0; i < total; i++) {
    now += 1000 / perSecond;
    watch.observe(answers[i % answers.length] as ClassifiedImage);
    await watch.settled();
  }
  const all = milliseconds(process.cpuUsage(before));
  return { watching: (all - comparing) / total, comparing: comparing / total };
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

function madeUp(classes: readonly string[]): ClassifiedImage {
  return {
    classification: {
      predictedClass: classes[Math.floor(Math.random() * classes.length)] ?? '',
      confidence: Math.random(),
      probabilities: {},
      modelVersion: modelVersion('bench'),
    },
    embedding: Float32Array.from({ length: EMBEDDING }, Math.random),
  };
}
