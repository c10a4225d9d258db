import type { PATTERNS } from '../../domain/population.ts';
import { decidedIncrement } from '../../domain/population.ts';
import type { Batch, Candidate, CandidateDecision, Policy } from '../../domain/selection.ts';
import { projectOf } from '../../domain/selection.ts';
import { dayOf } from '../../domain/window.ts';
import type { SelectionStore } from '../../ports/store.ts';
import type { Database } from './database.ts';
import { shownFeedback } from './feedback.ts';
import { fenced } from './fence.ts';
import { insertEntries } from './outbox.ts';
import type { Population } from './population.ts';
import type { PredictionRow } from './rows.ts';
import { decisionOf, ratesOf } from './rows.ts';

type ArrivalRow = { readonly hour: number } & Readonly<Record<(typeof PATTERNS)[number], number>>;

export const selectionStore = (db: Database, population: Population): SelectionStore => ({
  currentPolicy: () =>
    db.read(() => {
      const row = db.get<{ body: string }>(
        'SELECT body FROM policies ORDER BY made_at DESC, number DESC LIMIT 1',
      );
      return row === null ? null : (JSON.parse(row.body) as Policy);
    }),
  savePolicy: (policy, fence) =>
    fenced(db, fence, () => {
      db.run(
        'INSERT INTO policies (id, made_at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        ...[policy.id, policy.madeAt, JSON.stringify(policy)],
      );
    }),
  arrivals: (from, to) =>
    db.read(() =>
      db
        .all<ArrivalRow>(
          'SELECT * FROM arrivals WHERE hour >= ? AND hour < ? ORDER BY hour',
          from,
          to,
        )
        .map((row) => ({
          hour: row.hour,
          byPattern: [row.plain, row.low, row.disputed, row.both],
        })),
    ),
  selectedOnDay: (day) =>
    db.read(
      () =>
        db.get<{ tasks: number }>('SELECT tasks FROM selected_days WHERE day = ?', day)?.tasks ?? 0,
    ),
  labelFlow: (since) =>
    db.read(() => {
      const count = (sql: string, ...values: number[]): number =>
        db.get<{ n: number }>(`SELECT count(*) AS n FROM units WHERE ${sql}`, ...values)?.n ?? 0;
      return {
        labels: count('reached_at IS NOT NULL AND reached_at >= ?', since),
        openTasks: count(`verdict_kind = 'pending' AND deleted_at IS NULL AND is_erased = 0`),
      };
    }),
  candidates: (before) => db.read(() => candidates(db, before)),
  commitBatch: (batch, fence) =>
    fenced(db, fence, () => {
      commitBatch(db, population, batch);
    }),
});

const candidates = (db: Database, before: number): Candidate[] =>
  [
    ...db.all<PredictionRow>(
      'SELECT * FROM predictions WHERE pi IS NULL AND recorded_at < ? ORDER BY recorded_at, number',
      before,
    ),
    ...db.all<PredictionRow>('SELECT * FROM predictions WHERE awaits_revision = 1 ORDER BY number'),
  ].map((row) => ({
    predictionId: row.id,
    rates: ratesOf(row),
    isLowConfidence: row.is_low_confidence === 1,
    isDisputed: row.is_disputed === 1,
    earlier: decisionOf(row),
  }));

function commitBatch(db: Database, population: Population, batch: Batch): void {
  if (db.get('SELECT 1 FROM batches WHERE id = ?', batch.id) !== null) return;
  let selected = 0;
  for (const decision of batch.decisions)
    if (decide(db, batch, decision, population)) selected += 1;
  db.run(
    'INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)',
    ...[batch.id, batch.decidedAt, batch.tau, batch.floor, batch.budgetLeft],
    ...[batch.decisions.length, selected],
  );
  db.run(
    `INSERT INTO selected_days VALUES (?1, ?2) ON CONFLICT DO UPDATE SET tasks = tasks + ?2`,
    ...[dayOf(batch.decidedAt), selected],
  );
}

/** @returns whether the prediction becomes a task with this batch */
function decide(
  db: Database,
  batch: Batch,
  decided: CandidateDecision,
  population: Population,
): boolean {
  const row = db.get<PredictionRow>('SELECT * FROM predictions WHERE id = ?', decided.predictionId);
  if (row === null || !isDecidable(row, decided)) return false;
  const { decision } = decided;
  const earlier = decisionOf(row);
  db.run(
    `UPDATE predictions SET batch_id = ?, decided_at = ?, pi = ?, q = ?, is_selected = ?, is_random = ?,
       awaits_revision = 0 WHERE number = ?`,
    ...[decision.batchId, decision.decidedAt, decision.pi, decision.q],
    ...[Number(decision.isSelected), Number(decision.isRandom), row.number],
  );
  population.add(
    {
      at: row.at,
      modelVersion: row.model_version,
      segment: row.segment,
      predictedClass: row.predicted_class,
    },
    decidedIncrement(
      {
        confidence: row.confidence,
        isLowConfidence: row.is_low_confidence === 1,
        isDisputed: row.is_disputed === 1,
      },
      decision,
      earlier,
    ),
  );
  if (!decision.isSelected) return false;
  if (earlier?.isSelected === true) {
    reviseUnit(db, row, decided);
    return false;
  }
  insertUnit(db, batch, row, decided);
  return true;
}

/** Fresh and as it was read, or decided before and waiting for its one revision; anything else joins a later batch or none. */
function isDecidable(row: PredictionRow, decided: CandidateDecision): boolean {
  if (decided.isRevision) return row.awaits_revision === 1;
  return row.pi === null && (row.is_disputed === 1) === decided.isDisputed;
}

function reviseUnit(
  db: Database,
  row: PredictionRow,
  { decision, reasons }: CandidateDecision,
): void {
  db.run(
    'UPDATE units SET pi = ?, q = ?, is_random = ?, reasons = ? WHERE prediction_id = ?',
    ...[decision.pi, decision.q, Number(decision.isRandom), JSON.stringify(reasons), row.id],
  );
}

function insertUnit(
  db: Database,
  batch: Batch,
  row: PredictionRow,
  decided: CandidateDecision,
): void {
  const { decision, reasons } = decided;
  const { hasFlag, correction } = shownFeedback(db, row.id);
  db.run(
    `INSERT INTO units (prediction_id, model_version, at, segment, predicted_class, confidence,
       probabilities, is_low_confidence, is_disputed, pi, q, is_random, reasons, has_flag, correction,
       is_erased)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[row.id, row.model_version, row.at, row.segment, row.predicted_class, row.confidence],
    ...[row.probabilities, row.is_low_confidence, row.is_disputed, decision.pi, decision.q],
    ...[Number(decision.isRandom), JSON.stringify(reasons), hasFlag, correction, row.is_erased],
  );
  // Nobody can label what a person had erased: the unit stays without an answer.
  if (row.is_erased === 1) return;
  insertEntries(db, [
    {
      kind: 'create_task',
      predictionId: row.id,
      project: projectOf(reasons),
      reasons,
      createdAt: batch.decidedAt,
      taskId: null,
    },
  ]);
}
