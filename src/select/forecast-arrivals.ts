import { dayOf, hourOf } from '../domain/window.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FORMER_DAYS = 7;

/** One number per pattern, index as in PATTERNS. */
export type PatternCounts = readonly [number, number, number, number];

/** Predictions that arrived in one UTC hour. */
export interface HourArrivals {
  /** Start of the hour, ms. */
  readonly hour: number;
  readonly byPattern: PatternCounts;
}

/** What is expected of a UTC day's traffic. */
export interface ArrivalForecast {
  /** Predictions still to come today, per pattern. */
  readonly restOfDay: PatternCounts;
  /** Predictions of the whole day. */
  readonly wholeDay: number;
  /** Predictions recorded today so far. */
  readonly recordedToday: number;
}

const NONE: PatternCounts = [0, 0, 0, 0];
const scaled = (counts: PatternCounts, by: number): PatternCounts => [
  counts[0] * by,
  counts[1] * by,
  counts[2] * by,
  counts[3] * by,
];
const added = (a: PatternCounts, b: PatternCounts): PatternCounts => [
  a[0] + b[0],
  a[1] + b[1],
  a[2] + b[2],
  a[3] + b[3],
];
const total = (counts: PatternCounts): number => counts[0] + counts[1] + counts[2] + counts[3];
const sumOf = (hours: readonly PatternCounts[]): PatternCounts => hours.reduce(added, NONE);

/**
 * Forecasts today's traffic from the same hours of up to seven former days. With less than a day of history the rest of
 * the day is expected to bring as many as were recorded today, and the whole day twice as many.
 * @param input.arrivals as a store gives them, oldest first; from at least seven days ago, where there are so many
 * @param input.now ms since the epoch
 * @see docs/statistics.md, "Rates"
 */
export function forecastArrivals(input: {
  readonly arrivals: readonly HourArrivals[];
  readonly now: number;
}): ArrivalForecast {
  const { arrivals, now } = input;
  const today = dayOf(now);
  const recorded = sumOf(
    arrivals.filter(({ hour }) => hour >= today).map(({ byPattern }) => byPattern),
  );
  const firstHour = arrivals[0]?.hour ?? now;
  if (now - firstHour < DAY_MS)
    return { restOfDay: recorded, wholeDay: 2 * total(recorded), recordedToday: total(recorded) };
  const byHour = new Map(arrivals.map(({ hour, byPattern }) => [hour, byPattern]));
  const usual = usualHours(byHour, today, firstHour);
  const current = (hourOf(now) - today) / HOUR_MS;
  const rest = usual.slice(current + 1).map((hour) => hour ?? NONE);
  const leftOfHour = (hourOf(now) + HOUR_MS - now) / HOUR_MS;
  return {
    restOfDay: added(sumOf(rest), scaled(usual[current] ?? NONE, leftOfHour)),
    wholeDay: total(sumOf(wholeDay(usual, byHour, today))),
    recordedToday: total(recorded),
  };
}

/** Mean of each hour of the day over the former days that reach back to it; null where none does. */
function usualHours(
  byHour: ReadonlyMap<number, PatternCounts>,
  today: number,
  firstHour: number,
): readonly (PatternCounts | null)[] {
  return Array.from({ length: 24 }, (_, index) => {
    const hours = Array.from(
      { length: FORMER_DAYS },
      (_unused, day) => today + index * HOUR_MS - (day + 1) * DAY_MS,
    ).filter((hour) => hour >= firstHour);
    if (hours.length === 0) return null;
    return scaled(sumOf(hours.map((hour) => byHour.get(hour) ?? NONE)), 1 / hours.length);
  });
}

/** Where no former day reaches back to an hour, today's own count stands in. */
function wholeDay(
  usual: readonly (PatternCounts | null)[],
  byHour: ReadonlyMap<number, PatternCounts>,
  today: number,
): readonly PatternCounts[] {
  return usual.map((hour, index) => hour ?? byHour.get(today + index * HOUR_MS) ?? NONE);
}
