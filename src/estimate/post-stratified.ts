import { hajek } from './hajek.ts';
import { type PointEstimate, withInterval } from './tuned-difference.ts';
import { type Observation, sumOver } from './weights.ts';

const LEAST_LABELS = 5;

/** One cell of a post-stratification, in the order in which short ones merge (lower confidence first). */
export interface Stratum {
  /** N_h: predictions of the cell, counted on all traffic. */
  readonly size: number;
  /** Sum of (1/pi - 1) over them. */
  readonly spread: number;
  readonly sample: readonly Pick<Observation, 'a' | 'pi'>[];
}

/**
 * Hajek mean inside each cell, weighted by the known cell sizes. A cell with fewer than 5 labels merges with the next one,
 * what is left at the end with the one before.
 * @param least labels that a cell must have to stand alone
 * @throws RangeError with fewer than two labels in all
 * @see Sarndal, Swensson & Wretman (1992), section 7.6; Cochran (1977), chapter 5A.9
 */
export function postStratified(
  strata: readonly Stratum[],
  least: number = LEAST_LABELS,
): PointEstimate {
  const groups = mergeShort(strata, least);
  const size = sumOver(groups, (group) => group.size);
  const sample = groups.flatMap((group) => group.sample);
  const cells = groups.map((group) => ({ ...group, ...hajek(group.sample) }));
  const raw = sumOver(cells, ({ size: own, mean }) => (own / size) * mean);
  const varSample = sumOver(cells, ({ size: own, variance }) => (own / size) ** 2 * variance);
  const varModel =
    sumOver(cells, ({ spread, mean, sample: { length } }) => {
      const chance = (length * mean + 1) / (length + 2);
      return spread * chance * (1 - chance);
    }) /
    size ** 2;
  return { raw, lambda: 0, ...withInterval(sample, { size }, { raw, varSample, varModel }) };
}

const EMPTY: Stratum = { size: 0, spread: 0, sample: [] };
const joined = (a: Stratum, b: Stratum): Stratum => ({
  size: a.size + b.size,
  spread: a.spread + b.spread,
  sample: [...a.sample, ...b.sample],
});

function mergeShort(strata: readonly Stratum[], least: number): readonly Stratum[] {
  const groups: Stratum[] = [];
  let open = EMPTY;
  for (const stratum of strata) {
    open = joined(open, stratum);
    if (open.sample.length < least) continue;
    groups.push(open);
    open = EMPTY;
  }
  return [...groups.slice(0, -1), joined(groups.at(-1) ?? EMPTY, open)];
}

/**
 * Weights scaled so that each cell adds up to what is known of it.
 * @param units weight and cell of each unit @param sizes known size per cell
 */
export function postStratifiedWeights(
  units: readonly { readonly weight: number; readonly cell: string }[],
  sizes: ReadonlyMap<string, number>,
): readonly number[] {
  const totals = new Map<string, number>();
  for (const { weight, cell } of units) totals.set(cell, (totals.get(cell) ?? 0) + weight);
  return units.map(
    ({ weight, cell }) => (weight * (sizes.get(cell) ?? 0)) / (totals.get(cell) ?? 1),
  );
}
