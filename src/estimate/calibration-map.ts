import type { Observation } from './weights.ts';

const LEAST_LABELS = 50;

interface Level {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  readonly weight: number;
}

/**
 * What a confidence was worth by older labels: a rising step function (isotonic regression), straight between its steps.
 * @param sample labelled units of earlier windows
 * @returns null with fewer than 50 labels
 * @see Zadrozny & Elkan (2002); pool adjacent violators: Ayer et al. (1955)
 */
export function fitCalibrationMap(
  sample: readonly Observation[],
): ((confidence: number) => number) | null {
  if (sample.length < LEAST_LABELS) return null;
  const levels: Level[] = [];
  for (const { m, a, pi } of [...sample].sort((x, y) => x.m - y.m || x.a - y.a)) {
    levels.push({ from: m, to: m, value: a, weight: 1 / pi });
    poolLast(levels);
  }
  return (confidence) => valueAt(levels, confidence);
}

/** Joins the last levels until they rise. */
function poolLast(levels: Level[]): void {
  for (;;) {
    const [before, last] = levels.slice(-2);
    if (before === undefined || last === undefined) return;
    if (before.value < last.value && before.to < last.from) return;
    const weight = before.weight + last.weight;
    const value = (before.value * before.weight + last.value * last.weight) / weight;
    levels.splice(-2, 2, { from: before.from, to: last.to, value, weight });
  }
}

function valueAt(levels: readonly Level[], confidence: number): number {
  const next = levels.findIndex(({ to }) => confidence <= to);
  const level = levels[next];
  if (level === undefined) return levels.at(-1)?.value ?? confidence;
  const before = levels[next - 1];
  if (confidence >= level.from || before === undefined) return level.value;
  const share = (confidence - before.to) / (level.from - before.to);
  return before.value + share * (level.value - before.value);
}
