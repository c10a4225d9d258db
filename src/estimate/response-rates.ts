import { PATTERNS } from '../domain/population.ts';
import { dayOf } from '../domain/window.ts';
import { sumOver } from './weights.ts';

const LEAST_ANSWERS = 5;

/** A selected unit as the response adjustment sees it. */
export interface Selected {
  /** 0..3, index in PATTERNS. */
  readonly pattern: number;
  /** Event time, ms. */
  readonly at: number;
  /** Inclusion probability by the design, in (0, 1]. */
  readonly p: number;
  readonly isLabelled: boolean;
}

/** Weighted share of labelled among selected, in (0, 1], of the cell in which a prediction lies. */
export type ResponseRate = (pattern: number, at: number) => number;

interface Cell {
  readonly answers: number;
  readonly labelled: number;
  readonly selected: number;
}

const EMPTY: Cell = { answers: 0, labelled: 0, selected: 0 };
const joined = (a: Cell, b: Cell): Cell => ({
  answers: a.answers + b.answers,
  labelled: a.labelled + b.labelled,
  selected: a.selected + b.selected,
});

/**
 * Response rates by pattern and UTC day. A cell with fewer than 5 answers merges with the same pattern's neighbouring day; a
 * pattern with fewer than 5 in all joins the next pattern (the last one the one before), day by day.
 * Assumes that within a cell being answered does not depend on being right.
 * @param units all selected ones
 * @param from first moment of the population; @param to its end (days without selected units need a rate too)
 * @see Sarndal, Swensson & Wretman (1992), chapter 15; docs/statistics.md, "Answers that did not come"
 */
export function responseRates(units: readonly Selected[], from: number, to: number): ResponseRate {
  const days = daysBetween(units, from, to);
  const index = new Map(days.map((day, position) => [day, position]));
  const position = (at: number): number => index.get(dayOf(at)) ?? 0;
  const cells = PATTERNS.map((_, pattern) => cellsOf(units, pattern, days.length, position));
  const rates = carrySmallPatterns(cells).map(({ days: column, source }) => ({
    rates: mergeNeighbours(column).map(rateOf),
    source,
  }));
  return (pattern, at) => {
    const source = rates[pattern]?.source ?? 0;
    return rates[source]?.rates[position(at)] ?? 1;
  };
}

const rateOf = (cell: Cell): number => (cell.labelled > 0 ? cell.labelled / cell.selected : 1);

function daysBetween(units: readonly Selected[], from: number, to: number): readonly number[] {
  const days = new Set(units.map(({ at }) => dayOf(at)));
  for (let day = dayOf(from); day < to; day += 86_400_000) days.add(day);
  return [...days].sort((a, b) => a - b);
}

function cellsOf(
  units: readonly Selected[],
  pattern: number,
  length: number,
  position: (at: number) => number,
): Cell[] {
  const cells = Array.from({ length }, () => EMPTY);
  for (const { at, p, isLabelled } of units.filter((unit) => unit.pattern === pattern)) {
    const share = isLabelled ? 1 : 0;
    const cell = { answers: share, labelled: share / p, selected: 1 / p };
    cells[position(at)] = joined(cells[position(at)] ?? EMPTY, cell);
  }
  return cells;
}

interface Column {
  readonly days: readonly Cell[];
  /** The pattern whose rates count for this one. */
  readonly source: number;
}

const answersIn = (cells: readonly Cell[]): number => sumOver(cells, ({ answers }) => answers);

/** Adds a pattern with too few answers to the next one, and remembers where it went. */
function carrySmallPatterns(cells: readonly (readonly Cell[])[]): readonly Column[] {
  const columns = cells.map((days) => [...days]);
  const source = cells.map((_, pattern) => pattern);
  const move = (pattern: number, target: number): void => {
    columns[target] = (columns[target] ?? []).map((cell, day) =>
      joined(cell, columns[pattern]?.[day] ?? EMPTY),
    );
    source.forEach((now, other) => {
      if (now === pattern) source[other] = target;
    });
  };
  const last = columns.length - 1;
  for (let pattern = 0; pattern < last; pattern += 1)
    if (answersIn(columns[pattern] ?? []) < LEAST_ANSWERS) move(pattern, pattern + 1);
  if (answersIn(columns[last] ?? []) < LEAST_ANSWERS) {
    const earlier = columns.findLastIndex(
      (_, pattern) => pattern < last && source[pattern] === pattern,
    );
    if (earlier >= 0) move(last, earlier);
  }
  return columns.map((days, pattern) => ({ days, source: source[pattern] ?? pattern }));
}

/** Runs of days with at least 5 answers each; what is left at the end joins the last run. */
function mergeNeighbours(days: readonly Cell[]): readonly Cell[] {
  const groups: { cell: Cell; length: number }[] = [];
  let open = { cell: EMPTY, length: 0 };
  for (const day of days) {
    open = { cell: joined(open.cell, day), length: open.length + 1 };
    if (open.cell.answers >= LEAST_ANSWERS) {
      groups.push(open);
      open = { cell: EMPTY, length: 0 };
    }
  }
  const last = groups.pop() ?? { cell: EMPTY, length: 0 };
  groups.push({ cell: joined(last.cell, open.cell), length: last.length + open.length });
  return groups.flatMap(({ cell, length }) => Array.from({ length }, () => cell));
}
