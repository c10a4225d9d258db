import { correctness, type Unit } from '../domain/unit.ts';
import { dayOf } from '../domain/window.ts';
import { logIncompleteBeta } from './incomplete-beta.ts';
import { logBeta } from './log-gamma.ts';

const DAY_MS = 86_400_000;
const EVALUE_MAX = 1e12;
/** Targets of 0 and 1 would ask for logarithms of 0. */
const TARGET_MARGIN = 1e-9;

/** The labelled random part of one UTC day of one model version: all that the evidence needs of it. */
export interface DayEvidence {
  /** Start of the day, ms. */
  readonly day: number;
  /** Sum of a / q over the day's labelled units. */
  readonly right: number;
  /** Sum of (1 - a) / q. */
  readonly wrong: number;
  /** Smallest q among them. */
  readonly smallestQ: number;
}

/**
 * Adds the labelled random part up by day. One row a day, however many labels: what is old can be kept and joined with what
 * is new, so that the cost grows with days, not with predictions.
 * @param units of one model version; those not labelled or not in the random part are left out
 */
export function evidenceByDay(units: readonly Unit[]): readonly DayEvidence[] {
  const days = new Map<number, DayEvidence>();
  for (const unit of units) {
    const a = correctness(unit);
    if (a === null || !unit.isRandom) continue;
    const day = dayOf(unit.at);
    const known = days.get(day) ?? { day, right: 0, wrong: 0, smallestQ: Infinity };
    days.set(day, {
      day,
      right: known.right + a / unit.q,
      wrong: known.wrong + (1 - a) / unit.q,
      smallestQ: Math.min(known.smallestQ, unit.q),
    });
  }
  return [...days.values()].sort((a, b) => a.day - b.day);
}

/**
 * ln of the evidence against "accuracy >= target" after k right and f wrong (not necessarily whole) labels: a mixture over
 * accuracies below the target, by a Beta prior restricted to [0, target]. At least 20 may be called an alarm at any time.
 * @param target in (0, 1)
 * @see Ville (1939); Ramdas et al. (2023), arXiv 2210.01948; docs/statistics.md, "The alarm"
 */
export function logEvalue(
  right: number,
  wrong: number,
  target: number,
  prior: { readonly a: number; readonly b: number } = { a: 1, b: 1 },
): number {
  const { a, b } = prior;
  const mass = (k: number, f: number): number => logBeta(k, f) + logIncompleteBeta(target, k, f);
  return (
    mass(right + a, wrong + b) - mass(a, b) - right * Math.log(target) - wrong * Math.log1p(-target)
  );
}

/**
 * ln E of the process that each day starts, oldest first; 0 where nothing is labelled from that day on.
 * @param evidence oldest first @param from first day of the version @param to end of the last day that starts one
 */
export function logEvaluePerStart(
  evidence: readonly DayEvidence[],
  target: number,
  from: number,
  to: number,
): readonly number[] {
  const byDay = new Map(evidence.map((row) => [row.day, row]));
  const starts: number[] = [];
  let [right, wrong, smallestQ] = [0, 0, Infinity];
  const first = dayOf(from);
  const last = Math.max(first, Math.ceil(to / DAY_MS) * DAY_MS - DAY_MS);
  for (let day = last; day >= first; day -= DAY_MS) {
    const row = byDay.get(day);
    if (row !== undefined) {
      right += row.right;
      wrong += row.wrong;
      smallestQ = Math.min(smallestQ, row.smallestQ);
    }
    starts.push(
      smallestQ === Infinity ? 0 : logEvalue(right * smallestQ, wrong * smallestQ, target),
    );
  }
  return starts.reverse();
}

/**
 * The alarm's evidence that the version's accuracy is below the target. A process starts on each UTC day j = 1, 2, ... over
 * predictions from that day on, so that a good past does not make it numb; they are mixed with weights 1 / (j (j + 1)).
 * @param input.evidence the version's labelled random part by day, oldest first
 * @param input.target in [0, 1]
 * @param input.from event time of the version's first prediction, ms
 * @param input.to now, ms
 * @returns E in [0, 1e12]; 20 and more: alarm
 */
export function belowTargetEvalue(input: {
  readonly evidence: readonly DayEvidence[];
  readonly target: number;
  readonly from: number;
  readonly to: number;
}): number {
  const { evidence, from, to } = input;
  const target = Math.min(1 - TARGET_MARGIN, Math.max(TARGET_MARGIN, input.target));
  const starts = logEvaluePerStart(evidence, target, from, to);
  const total = starts.reduce(
    (sum, logE, index) => sum + Math.exp(logE - Math.log((index + 1) * (index + 2))),
    0,
  );
  return Math.min(EVALUE_MAX, total);
}
