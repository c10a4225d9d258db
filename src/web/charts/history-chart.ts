import type { PastEstimate } from '../../domain/estimate.ts';
import { percent } from '../percent.ts';
import { linearScale, place, ratioRange, type Scale, type Tick } from './scale.ts';

const WIDTH = 720;
const HEIGHT = 320;
const LEFT = 66;
const RIGHT = 12;
const TOP = 12;
/** Under the values: how much of what was selected had been answered. */
const STRIP = [290, 262] as const;
const BOTTOM = HEIGHT - 250;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const TIME_TICKS = 5;
/** What was estimated at one moment is drawn that wide, so that its interval can be seen. */
const MOMENT_MS = MINUTE_MS / 20;

/** The estimate with its interval over time, ready to be drawn. */
export interface HistoryChart {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  /** SVG paths. */
  readonly band: string;
  readonly line: string;
  readonly naive: string;
  readonly points: readonly {
    readonly x: string;
    readonly y: string;
    /** Too little was answered then: it may have moved since. */
    readonly isEarly: boolean;
    readonly words: string;
  }[];
  /** Area of the share answered, between these two heights. */
  readonly maturity: string;
  readonly strip: { readonly top: number; readonly bottom: number };
  /** Heights of the straight lines; null: there is none. */
  readonly offline: string | null;
  readonly target: string | null;
}

interface Known {
  readonly at: number;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly naive: number | null;
  readonly labels: number;
  /** Share of the selected that was answered, in [0, 1]. */
  readonly maturity: number;
  readonly isReliable: boolean;
}

/** The estimates that have a value, as points. */
export const knownPoints = (history: readonly PastEstimate[]): readonly Known[] =>
  history.flatMap(({ asOf, accuracy, lower, upper, naive, labels, maturity, reliable }) =>
    accuracy === null || lower === null || upper === null
      ? []
      : [
          {
            ...{ at: asOf, value: accuracy, lower, upper, naive, labels },
            ...{ maturity: maturity ?? 0, isReliable: reliable },
          },
        ],
  );

/**
 * @param history estimates of one version and window, oldest first
 * @param lines ratios to be drawn as straight lines; null for none
 * @returns null when no estimate has a value
 */
export function historyChart(
  history: readonly PastEstimate[],
  lines: { readonly offline: number | null; readonly target: number },
): HistoryChart | null {
  const points = knownPoints(history);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const values = points.flatMap((one) => [one.lower, one.upper, one.naive ?? one.value]);
  const { range, ticks } = ratioRange([...values, lines.target, lines.offline ?? lines.target]);
  const y = linearScale(range, [HEIGHT - BOTTOM, TOP]);
  const isMoment = last.at - first.at < MINUTE_MS;
  const margin = isMoment ? MINUTE_MS : 0;
  const x = linearScale([first.at - margin, last.at + margin], [LEFT, WIDTH - RIGHT]);
  const drawn = isMoment
    ? [{ ...first, at: first.at - MOMENT_MS }, ...points, { ...last, at: last.at + MOMENT_MS }]
    : points;
  return {
    width: WIDTH,
    height: HEIGHT,
    left: LEFT,
    right: WIDTH - RIGHT,
    xTicks: timeTicks(isMoment ? [last.at] : evenly(first.at, last.at), x),
    yTicks: ticks.map((value) => ({ at: place(y(value)), words: percent(value) })),
    band: bandPath(drawn, x, y),
    line: linePath(drawn, x, (one) => y(one.value)),
    naive: linePath(
      drawn.filter((one) => one.naive !== null),
      x,
      (one) => y(one.naive ?? 0),
    ),
    points: points.map((one) => ({
      x: place(x(one.at)),
      y: place(y(one.value)),
      isEarly: !one.isReliable,
      words: `${timeWords(one.at)}: ${percent(one.value, 1)}, ${percent(one.lower, 1)} to ${percent(one.upper, 1)}, ${percent(one.maturity)} answered`,
    })),
    maturity: maturityPath(drawn, x),
    strip: { top: STRIP[1], bottom: STRIP[0] },
    offline: lines.offline === null ? null : place(y(lines.offline)),
    target: place(y(lines.target)),
  };
}

function linePath(points: readonly Known[], x: Scale, y: (point: Known) => number): string {
  return points
    .map((one, index) => `${index === 0 ? 'M' : 'L'}${place(x(one.at))} ${place(y(one))}`)
    .join('');
}

function bandPath(points: readonly Known[], x: Scale, y: Scale): string {
  const upper = linePath(points, x, (one) => y(one.upper));
  const lower = linePath([...points].reverse(), x, (one) => y(one.lower));
  return `${upper}${lower.replace('M', 'L')}Z`;
}

function maturityPath(points: readonly Known[], x: Scale): string {
  const height = linearScale([0, 1], STRIP);
  const upper = linePath(points, x, (one) => height(one.maturity));
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return '';
  return `${upper}L${place(x(last.at))} ${STRIP[0]}L${place(x(first.at))} ${STRIP[0]}Z`;
}

const evenly = (from: number, to: number): readonly number[] =>
  Array.from({ length: TIME_TICKS }, (_, index) => from + ((to - from) * index) / (TIME_TICKS - 1));

function timeTicks(times: readonly number[], x: Scale): Tick[] {
  const isShort = (times.at(-1) ?? 0) - (times[0] ?? 0) < 2 * DAY_MS;
  return times.map((at) => {
    const words = timeWords(at);
    return { at: place(x(at)), words: isShort ? words.slice(11, 16) : words.slice(5, 10) };
  });
}

/** @param ms time @returns "2026-11-22 10:00", UTC */
export const timeWords = (ms: number): string =>
  new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
