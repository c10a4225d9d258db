// The product's numbers a second time, from the records' design and Label Studio's export. Imports nothing from src/.

/** What GET /api/predictions/:id says, as far as the estimate needs it. */
export interface RecordedPrediction {
  readonly id: string;
  readonly model_version: string;
  readonly prediction: string;
  readonly probability: number;
  readonly is_low_confidence: boolean;
  readonly is_disputed: boolean;
  readonly decision: {
    readonly pi: number;
    readonly q: number;
    readonly is_selected: boolean;
    readonly is_random: boolean;
  };
}

/** A task of Label Studio's JSON export. */
export interface ExportedTask {
  readonly data: { readonly prediction_id: string };
  readonly annotations: readonly {
    readonly completed_by: unknown;
    readonly was_cancelled: boolean;
    readonly updated_at: string;
    readonly result: readonly { readonly value?: { readonly choices?: readonly string[] } }[];
  }[];
}

export interface IndependentEstimate {
  readonly labels: number;
  readonly accuracy: number;
  readonly lower: number;
  readonly upper: number;
  readonly lambda: number;
  readonly maturity: number;
  readonly naive: number;
  readonly random: { readonly labels: number; readonly accuracy: number } | null;
}

type State = 'right' | 'wrong' | 'skipped' | 'open';

interface Item {
  readonly pattern: number;
  readonly c: number;
  readonly pi: number;
  readonly q: number;
  readonly isSelected: boolean;
  readonly isRandom: boolean;
  readonly cell: string;
  readonly state: State;
}

const Z = 1.959963984540054;
const total = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);

/** The one answer of a task: latest per annotator, strict majority; null while there is none. */
export function answerOf(task: ExportedTask, classes: readonly string[]): string | null {
  const latest = new Map<string, ExportedTask['annotations'][number]>();
  const inOrder = [...task.annotations].sort((a, b) => a.updated_at.localeCompare(b.updated_at));
  for (const annotation of inOrder) latest.set(JSON.stringify(annotation.completed_by), annotation);
  if (latest.size === 0) return null;
  const votes: string[] = [];
  for (const { was_cancelled: isCancelled, result } of latest.values()) {
    const choices = result.flatMap(({ value }) => value?.choices ?? []);
    const [choice] = choices;
    if (isCancelled || choices.length !== 1 || choice === undefined) continue;
    if (choice === 'None of these' || classes.includes(choice)) votes.push(choice);
  }
  if (votes.length === 0) return 'skipped';
  const winner = votes.find(
    (vote) => 2 * votes.filter((other) => other === vote).length > votes.length,
  );
  return winner ?? null;
}

/**
 * Tuned difference estimate with the blended Wilson interval and the response adjustment, for predictions of one UTC day.
 * @param predictions all of one model version
 * @param tasks the export of all three projects
 */
export function independentEstimate(
  predictions: readonly RecordedPrediction[],
  tasks: readonly ExportedTask[],
  classes: readonly string[],
): IndependentEstimate {
  const byId = new Map(tasks.map((task) => [task.data.prediction_id, task]));
  const items = predictions.map((prediction) => itemOf(prediction, byId, classes));
  const rates = responseRates(
    items.filter(({ isSelected }) => isSelected),
    ({ pi }) => pi,
  );
  const adjusted = items.map((item) => ({ ...item, pi: item.pi * (rates[item.pattern] ?? 1) }));
  const labelled = adjusted.filter(isLabelled);
  const selected = items.filter(({ isSelected }) => isSelected);
  const answered = selected.filter(({ state }) => state !== 'open');
  return {
    labels: labelled.length,
    ...tunedDifference(adjusted, labelled),
    maturity: total(answered, ({ pi }) => 1 / pi) / total(selected, ({ pi }) => 1 / pi),
    naive: total(labelled, rightness) / labelled.length,
    random: randomPart(items),
  };
}

function itemOf(
  prediction: RecordedPrediction,
  tasks: ReadonlyMap<string, ExportedTask>,
  classes: readonly string[],
): Item {
  const pattern = (prediction.is_low_confidence ? 1 : 0) + (prediction.is_disputed ? 2 : 0);
  const bin = Math.min(19, Math.floor(prediction.probability * 20));
  const task = tasks.get(prediction.id);
  const answer = task === undefined ? null : answerOf(task, classes);
  const state =
    answer === null
      ? 'open'
      : answer === 'skipped'
        ? 'skipped'
        : answer === prediction.prediction
          ? 'right'
          : 'wrong';
  const { pi, q, is_selected: isSelected, is_random: isRandom } = prediction.decision;
  return {
    pattern,
    c: prediction.probability,
    pi,
    q,
    isSelected,
    isRandom,
    state,
    cell: `${pattern} ${bin}`,
  };
}

const isLabelled = ({ isSelected, state }: Item): boolean =>
  isSelected && (state === 'right' || state === 'wrong');
const rightness = ({ state }: Item): number => (state === 'right' ? 1 : 0);

/** Weighted answer rate per pattern; fewer than 5 answers join the next pattern, the last one the group before. */
function responseRates(selected: readonly Item[], probability: (item: Item) => number): number[] {
  const groups: number[][] = [];
  let open: number[] = [];
  const answers = (patterns: readonly number[]): number =>
    selected.filter((item) => patterns.includes(item.pattern) && isLabelled(item)).length;
  for (const pattern of [0, 1, 2, 3]) {
    open.push(pattern);
    if (answers(open) < 5) continue;
    groups.push(open);
    open = [];
  }
  const last = groups.at(-1);
  if (last === undefined) groups.push(open);
  else last.push(...open);
  return [0, 1, 2, 3].map((pattern) => {
    const patterns = groups.find((group) => group.includes(pattern)) ?? [];
    const cell = selected.filter((item) => patterns.includes(item.pattern));
    const labelled = total(cell.filter(isLabelled), (item) => 1 / probability(item));
    return labelled === 0 ? 1 : labelled / total(cell, (item) => 1 / probability(item));
  });
}

function tunedDifference(
  items: readonly Item[],
  labelled: readonly Item[],
): Pick<IndependentEstimate, 'accuracy' | 'lower' | 'upper' | 'lambda'> {
  const n = labelled.length;
  const w = total(labelled, ({ pi }) => 1 / pi);
  const ah = total(labelled, (item) => rightness(item) / item.pi) / w;
  const mh = total(labelled, ({ c, pi }) => c / pi) / w;
  const mu = total(items, ({ c }) => c) / items.length;
  const q = ({ pi }: Item): number => (1 - pi) / pi ** 2;
  const spread = total(labelled, (item) => q(item) * (item.c - mh) ** 2);
  const common = total(labelled, (item) => q(item) * (rightness(item) - ah) * (item.c - mh));
  const lambda = spread < 1e-12 ? 0 : Math.min(1, Math.max(0, common / spread));
  const accuracy = Math.min(1, Math.max(0, ah + lambda * (mu - mh)));
  const residual = (item: Item): number => rightness(item) - ah - lambda * (item.c - mh);
  const varSample =
    ((n / (n - 1)) * total(labelled, (item) => q(item) * residual(item) ** 2)) / w ** 2;
  const varModel = modelVariance(items, (c) => {
    const f = Math.min(1, Math.max(0, ah + lambda * (c - mh)));
    return (n * f + 1) / (n + 2);
  });
  const variance = (n * varSample + 100 * varModel) / (n + 100);
  const kish = w ** 2 / total(labelled, ({ pi }) => 1 / pi ** 2);
  const isSure = accuracy === 0 || accuracy === 1 || variance === 0;
  const [lower, upper] = wilson(accuracy, isSure ? kish : (accuracy * (1 - accuracy)) / variance);
  return { accuracy, lower, upper, lambda };
}

/** Per cell of pattern and confidence bin, with the cell's mean confidence weighted by 1/pi - 1. */
function modelVariance(items: readonly Item[], chance: (c: number) => number): number {
  const cells = new Map<string, Item[]>();
  for (const item of items) cells.set(item.cell, [...(cells.get(item.cell) ?? []), item]);
  const sum = total([...cells.values()], (members) => {
    const weight = total(members, ({ pi }) => 1 / pi - 1);
    if (weight <= 0) return 0;
    const f = chance(total(members, ({ c, pi }) => c * (1 / pi - 1)) / weight);
    return weight * f * (1 - f);
  });
  return sum / items.length ** 2;
}

function wilson(a: number, n: number): readonly [number, number] {
  const centre = (a + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((a * (1 - a)) / n + Z ** 2 / (4 * n ** 2));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

function randomPart(items: readonly Item[]): IndependentEstimate['random'] {
  const drawn = items.filter(({ isSelected, isRandom }) => isSelected && isRandom);
  const rates = responseRates(drawn, ({ q }) => q);
  const labelled = drawn.filter(isLabelled);
  if (labelled.length < 5) return null;
  const weight = ({ q, pattern }: Item): number => 1 / (q * (rates[pattern] ?? 1));
  return {
    labels: labelled.length,
    accuracy: total(labelled, (item) => weight(item) * rightness(item)) / total(labelled, weight),
  };
}
