import { sumOver } from './weights.ts';

const SMALLEST = 1e-10;

export interface AnswerRow {
  readonly task: string;
  readonly annotator: string;
  readonly answer: string;
}

export interface DawidSkene {
  /** Task -> class -> probability of being the true one. */
  readonly posterior: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** Class -> share. */
  readonly prior: Readonly<Record<string, number>>;
  /** Annotator -> answer that the annotator ever gave -> true class -> probability. */
  readonly errors: ReadonlyMap<string, Readonly<Record<string, Readonly<Record<string, number>>>>>;
  /** After each round, per answer. */
  readonly lossHistory: readonly number[];
}

/** Class index -> probability, one row per task. */
type Table = readonly (readonly number[])[];

interface Indexed {
  readonly task: number;
  readonly annotator: number;
  readonly answer: number;
}

interface Model {
  readonly prior: readonly number[];
  /** [annotator][answer][true class]. */
  readonly errors: readonly Table[];
}

/**
 * True classes and annotators' confusion from several answers per task, by expectation and maximisation.
 * @param rows at most one answer per task and annotator
 * @param classes all classes, in a fixed order
 * @param options.rounds at most, default 100 @param options.tolerance gain of the lower bound at which it stops, default 1e-5
 * @see Dawid & Skene (1979); the order of steps and the stopping rule follow crowd-kit 1.4.2
 */
export function dawidSkene(
  rows: readonly AnswerRow[],
  classes: readonly string[],
  options: { readonly rounds?: number; readonly tolerance?: number } = {},
): DawidSkene {
  const { rounds = 100, tolerance = 1e-5 } = options;
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const annotators = [...new Set(rows.map(({ annotator }) => annotator))];
  const answers = rows.map((row) => ({
    task: tasks.indexOf(row.task),
    annotator: annotators.indexOf(row.annotator),
    answer: classes.indexOf(row.answer),
  }));
  const used = usedAnswers(answers, annotators.length, classes.length);
  let posterior = voteShares(answers, tasks.length, classes.length);
  let model = maximise(answers, posterior, used);
  const lossHistory: number[] = [];
  let bound = -Infinity;
  for (let round = 0; round < rounds; round += 1) {
    posterior = expect(answers, model, tasks.length);
    model = maximise(answers, posterior, used);
    const now = lowerBound(answers, posterior, model) / answers.length;
    lossHistory.push(now);
    if (now - bound < tolerance) break;
    bound = now;
  }
  return {
    posterior: new Map(tasks.map((task, t) => [task, named(classes, posterior[t] ?? [])])),
    prior: named(classes, model.prior),
    errors: new Map(annotators.map((name, w) => [name, errorsOf(classes, used, model, w)])),
    lossHistory,
  };
}

/** Share of the votes per class, one row per task. */
function voteShares(answers: readonly Indexed[], tasks: number, classes: number): Table {
  const counts = Array.from({ length: tasks }, () => new Array<number>(classes).fill(0));
  for (const { task, answer } of answers) {
    const row = counts[task] ?? [];
    row[answer] = (row[answer] ?? 0) + 1;
  }
  return counts.map(normalised);
}

const normalised = (row: readonly number[]): readonly number[] => {
  const total = sumOver(row, (value) => value);
  return row.map((value) => value / total);
};

const usedAnswers = (
  answers: readonly Indexed[],
  annotators: number,
  classes: number,
): readonly (readonly boolean[])[] =>
  Array.from({ length: annotators }, (_, w) =>
    Array.from({ length: classes }, (_unused, k) =>
      answers.some(({ annotator, answer }) => annotator === w && answer === k),
    ),
  );

function maximise(
  answers: readonly Indexed[],
  posterior: Table,
  used: readonly (readonly boolean[])[],
): Model {
  const classes = posterior[0]?.length ?? 0;
  const prior = Array.from(
    { length: classes },
    (_, k) => sumOver(posterior, (row) => row[k] ?? 0) / posterior.length,
  );
  const sums = used.map((mine) => mine.map(() => new Array<number>(classes).fill(0)));
  for (const { task, annotator, answer } of answers) {
    const row = sums[annotator]?.[answer] ?? [];
    posterior[task]?.forEach((p, k) => {
      row[k] = (row[k] ?? 0) + p;
    });
  }
  return {
    prior: prior.map((p) => Math.max(SMALLEST, p)),
    errors: sums.map((table, w) => normalisedErrors(table, used[w] ?? [])),
  };
}

/** Per true class, over the answers that the annotator ever gave. */
function normalisedErrors(table: Table, used: readonly boolean[]): Table {
  const clipped = table.map((row, answer) =>
    row.map((value) => (used[answer] === true ? Math.max(SMALLEST, value) : 0)),
  );
  const totals = clipped[0]?.map((_, k) => sumOver(clipped, (row) => row[k] ?? 0)) ?? [];
  return clipped.map((row) => row.map((value, k) => value / (totals[k] ?? 1)));
}

function logLikelihoods(answers: readonly Indexed[], model: Model, tasks: number): number[][] {
  const logs = Array.from({ length: tasks }, () => model.prior.map(() => 0));
  for (const { task, annotator, answer } of answers) {
    const row = logs[task] ?? [];
    model.errors[annotator]?.[answer]?.forEach((p, k) => {
      row[k] = (row[k] ?? 0) + Math.log(p);
    });
  }
  return logs;
}

function expect(answers: readonly Indexed[], model: Model, tasks: number): Table {
  return logLikelihoods(answers, model, tasks).map((row) => {
    const logs = row.map((value, k) => value + Math.log(model.prior[k] ?? 1));
    const largest = Math.max(...logs);
    return normalised(logs.map((value) => Math.exp(value - largest))).map((p) => p);
  });
}

/** The log prior is added once per answer, as the reference does. */
function lowerBound(answers: readonly Indexed[], posterior: Table, model: Model): number {
  const joint = sumOver(answers, ({ task, annotator, answer }) => {
    const row = posterior[task] ?? [];
    const likelihood = model.errors[annotator]?.[answer] ?? [];
    return sumOver(
      row.map((p, k) => p * (Math.log(likelihood[k] ?? 1) + Math.log(model.prior[k] ?? 1))),
      (term) => term,
    );
  });
  const entropy = sumOver(posterior, (row) => -sumOver(row, (p) => (p > 0 ? p * Math.log(p) : 0)));
  return joint + entropy;
}

const named = (classes: readonly string[], row: readonly number[]): Record<string, number> =>
  Object.fromEntries(classes.map((name, k) => [name, row[k] ?? 0]));

const errorsOf = (
  classes: readonly string[],
  used: readonly (readonly boolean[])[],
  model: Model,
  annotator: number,
): Record<string, Record<string, number>> =>
  Object.fromEntries(
    classes.flatMap((name, answer) =>
      used[annotator]?.[answer] === true
        ? [[name, named(classes, model.errors[annotator]?.[answer] ?? [])]]
        : [],
    ),
  );
