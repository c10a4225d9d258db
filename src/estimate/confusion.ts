import { type LabelledUnit } from './labelled-unit.ts';

const LEAST_LABELS = 5;

/** true class (or NONE_OF_THESE) -> predicted class -> estimated count. */
export type Confusion = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Confusion matrix by weights. A predicted class with at least 5 labels is scaled to its known traffic, which mends recall most.
 * @param traffic predictions per predicted class
 */
export function confusionMatrix(
  sample: readonly LabelledUnit[],
  traffic: ReadonlyMap<string, number>,
): Confusion {
  const scale = columnScales(sample, traffic);
  const matrix: Record<string, Record<string, number>> = {};
  for (const { unit, shares, pi } of sample) {
    const { predictedClass } = unit;
    for (const [trueClass, share] of Object.entries(shares)) {
      const row = (matrix[trueClass] ??= {});
      const weight = (share / pi) * (scale.get(predictedClass) ?? 1);
      row[predictedClass] = (row[predictedClass] ?? 0) + weight;
    }
  }
  return matrix;
}

function columnScales(
  sample: readonly LabelledUnit[],
  traffic: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const columns = new Map<string, { labels: number; weight: number }>();
  for (const { unit, pi } of sample) {
    const column = columns.get(unit.predictedClass) ?? { labels: 0, weight: 0 };
    columns.set(unit.predictedClass, {
      labels: column.labels + 1,
      weight: column.weight + 1 / pi,
    });
  }
  const scales = [...columns].map(([name, { labels, weight }]): [string, number] => {
    const known = traffic.get(name);
    return [name, labels >= LEAST_LABELS && known !== undefined ? known / weight : 1];
  });
  return new Map(scales);
}
