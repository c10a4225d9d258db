import { decidedIncrement, PATTERNS } from '../../domain/population.ts';
import type {
  Batch,
  Candidate,
  CandidateDecision,
  Disputant,
  Policy,
} from '../../domain/selection.ts';
import { BATCH_KEPT_MS, POLICIES_MAX, projectOf } from '../../domain/selection.ts';
import { dayOf } from '../../domain/window.ts';
import type { OutboxStore } from '../../ports/store/outbox-store.ts';
import type { SelectionStore } from '../../ports/store/selection-store.ts';
import type { Connection } from './connection.ts';
import type { PredictionDocument, UnitDocument } from './documents.ts';
import { predictionKey, savePrediction, shadowOf, shownFeedback, unitKey } from './documents.ts';
import { membersInPages } from './members-in-pages.ts';
import { insertEntries } from './outbox.ts';
import { PopulationChanges, readRolledUntil } from './population.ts';
import { joinTask, UnitChanges } from './shared-tasks.ts';
import { parseDocument, transact, type Transaction } from './transaction.ts';

export const selectionStore = (connection: Connection): SelectionStore => ({
  currentPolicy: async () => {
    const [newest] = (await connection.call(
      'ZREVRANGE',
      ...[connection.key('policies'), 0, 0],
    )) as string[];
    return parseDocument<Policy>(newest ?? null);
  },
  savePolicy: (policy, fence) =>
    transact(connection, fence, async (transaction) => {
      const key = connection.key('policies');
      transaction.command('ZADD', key, policy.madeAt, JSON.stringify(policy));
      transaction.command('ZREMRANGEBYRANK', key, 0, -POLICIES_MAX - 1);
      return Promise.resolve();
    }),
  arrivals: (from, to) => arrivals(connection, from, to),
  selectedOnDay: async (day) =>
    Number((await connection.get(connection.key('selected', day))) ?? 0),
  labelFlow: async (since) => {
    const [labels, openTasks] = await Promise.all([
      connection.count('ZCOUNT', connection.key('reached'), since, '+inf'),
      connection.count('ZCARD', connection.key('open')),
    ]);
    return { labels, openTasks };
  },
  candidates: (before) => candidates(connection, before),
  commitBatch: (batch, fence, isDeduplicating = false) =>
    transact(connection, fence, (transaction) =>
      commitBatch(connection, transaction, batch, isDeduplicating),
    ),
});

async function arrivals(
  connection: Connection,
  from: number,
  to: number,
): ReturnType<SelectionStore['arrivals']> {
  const hours = await connection.members(connection.key('arrival-hours'), from, to);
  return Promise.all(
    hours.map(async (hour) => {
      const counts = (await connection.call(
        'HMGET',
        connection.key('arrivals', Number(hour)),
        ...PATTERNS.map((_, index) => index),
      )) as (string | null)[];
      const [plain = 0, low = 0, disputed = 0, both = 0] = counts.map(Number);
      return { hour: Number(hour), byPattern: [plain, low, disputed, both] as const };
    }),
  );
}

async function candidates(connection: Connection, before: number): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const [name, below] of [['undecided', before] as const, ['revisions'] as const])
    for await (const ids of membersInPages(connection, connection.key(name), 0, below)) {
      const documents = await connection.getAll(ids.map((id) => connection.key('prediction', id)));
      for (const text of documents) {
        const document = parseDocument<PredictionDocument>(text);
        if (document !== null) found.push(candidateOf(document));
      }
    }
  return found;
}

const candidateOf = ({
  prediction,
  isDisputed,
  isDisputedByModel,
  decision,
}: PredictionDocument): Candidate => ({
  predictionId: prediction.id,
  rates: prediction.rates,
  isLowConfidence: prediction.isLowConfidence,
  disputedBy: disputantOf(isDisputed, isDisputedByModel),
  earlier: decision,
});

function disputantOf(isDisputed: boolean, isByModel = false): Disputant | null {
  if (!isDisputed) return null;
  return isByModel ? 'model' : 'person';
}

type NewEntry = Parameters<OutboxStore['enqueue']>[0][number];

async function commitBatch(
  connection: Connection,
  transaction: Transaction,
  batch: Batch,
  isDeduplicating: boolean,
): Promise<void> {
  const { decisions, ...summary } = batch;
  const batchKey = connection.key('batch', batch.id);
  if ((await transaction.read(batchKey)) !== null) return;
  const documents = await readBatch(connection, transaction, decisions);
  const changes = new PopulationChanges(connection);
  const entries: NewEntry[] = [];
  const units = new UnitChanges();
  let selected = 0;
  for (const [index, decided] of decisions.entries()) {
    const { document, unit } = documents[index] ?? { document: null, unit: null };
    if (document === null || !isDecidable(document, decided)) continue;
    savePrediction(connection, transaction, document, {
      ...document,
      decision: decided.decision,
      awaitsRevision: false,
    });
    addDecision(changes, document, decided);
    if (!decided.decision.isSelected) continue;
    const fresh = unitAfter(document, units.current(unit), decided);
    units.change(unit, fresh);
    if (unit !== null) continue;
    if (isDeduplicating && (await joinTask(connection, transaction, units, fresh))) continue;
    selected += 1;
    // Nobody can label what a person had erased: the unit stays without an answer.
    if (!document.isErased) entries.push(entryFor(batch, decided));
  }
  units.saveTo(connection, transaction);
  changes.writeTo(transaction, await readRolledUntil(connection, transaction));
  await insertEntries(connection, transaction, entries);
  transaction.command(
    'SET',
    batchKey,
    ...[JSON.stringify({ ...summary, candidates: decisions.length, selected })],
    ...['PX', BATCH_KEPT_MS],
  );
  transaction.command('INCRBY', connection.key('selected', dayOf(batch.decidedAt)), selected);
}

interface ReadDecision {
  readonly document: PredictionDocument | null;
  readonly unit: UnitDocument | null;
}

async function readBatch(
  connection: Connection,
  transaction: Transaction,
  decisions: readonly CandidateDecision[],
): Promise<ReadDecision[]> {
  const ids = decisions.map(({ predictionId }) => predictionId);
  const documents = await transaction.readDocuments<PredictionDocument>(
    ids.map((id) => predictionKey(connection, id)),
  );
  const units = await transaction.readDocuments<UnitDocument>(
    ids.map((id) => unitKey(connection, id)),
  );
  return documents.map((document, index) => ({ document, unit: units[index] ?? null }));
}

/** Fresh and as it was read, or decided before and waiting for its one revision; anything else joins a later batch or none. */
function isDecidable(document: PredictionDocument, decided: CandidateDecision): boolean {
  if (decided.isRevision) return document.awaitsRevision;
  return document.decision === null && document.isDisputed === decided.isDisputed;
}

function addDecision(
  changes: PopulationChanges,
  { prediction, isDisputed, decision: earlier }: PredictionDocument,
  { decision }: CandidateDecision,
): void {
  changes.add(prediction, decidedIncrement({ ...prediction, isDisputed }, decision, earlier));
}

function unitAfter(
  { prediction, isDisputed, isErased, feedback, shadowAnswer }: PredictionDocument,
  before: UnitDocument | null,
  { decision, reasons }: CandidateDecision,
): UnitDocument {
  const { pi, q, isRandom } = decision;
  if (before !== null) return { ...before, reasons, unit: { ...before.unit, pi, q, isRandom } };
  const { at, segment, predictedClass, confidence, probabilities, isLowConfidence } = prediction;
  return {
    unit: {
      ...{ predictionId: prediction.id, at, segment, predictedClass, confidence, probabilities },
      ...{ isLowConfidence, isDisputed, pi, q, isRandom, ...shownFeedback(feedback) },
    },
    ...{ modelVersion: prediction.modelVersion, reasons, isErased, task: null },
    ...{ annotatorsWanted: 1, annotations: [], verdict: { kind: 'pending' } },
    ...{ reachedAt: null, deletedAt: null },
    ...{ contentDigest: prediction.contentDigest, joinedTo: null, sharers: [] },
    ...shadowOf(shadowAnswer),
  };
}

const entryFor = (batch: Batch, { predictionId, reasons }: CandidateDecision): NewEntry => ({
  kind: 'create_task',
  predictionId,
  project: projectOf(reasons),
  reasons,
  createdAt: batch.decidedAt,
  taskId: null,
});
