import { setImmediate } from 'node:timers/promises';

import type { PATTERNS } from '../../domain/population.ts';
import { decidedIncrement } from '../../domain/population.ts';
import type { Batch, Candidate, CandidateDecision, Policy } from '../../domain/selection.ts';
import { BATCH_KEPT_MS, POLICIES_MAX, projectOf } from '../../domain/selection.ts';
import { dayOf } from '../../domain/window.ts';
import type { SelectionStore } from '../../ports/store/selection-store.ts';
import type { Database } from './database.ts';
import { shownFeedback } from './feedback.ts';
import { fenced } from './fence.ts';
import { insertEntries } from './outbox.ts';
import type { Population } from './population.ts';
import type { PredictionRow } from './rows.ts';
import { decisionOf, disputantOf, ratesOf } from './rows.ts';
import { joinTask } from './shared-tasks.ts';

/** Old policies or batches that one write takes away: more than it adds, and few where years of them were kept. */
const DROPPED_AT_ONCE = 100;

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
      db.run(
        `DELETE FROM policies WHERE number IN
           (SELECT number FROM policies ORDER BY made_at DESC, number DESC LIMIT ? OFFSET ?)`,
        ...[DROPPED_AT_ONCE, POLICIES_MAX],
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
        openTasks: count(
          `verdict_kind = 'pending' AND deleted_at IS NULL AND is_erased = 0 AND joined_to IS NULL`,
        ),
      };
    }),
  candidates: (before) => candidates(db, before),
  commitBatch: (batch, fence, isDeduplicating = false) =>
    fenced(db, fence, () => {
      commitBatch(db, population, batch, isDeduplicating);
    }),
});

/** Rows read in one go: some milliseconds, after which others have their turn. */
const PAGE = 1000;

const candidates = async (db: Database, before: number): Promise<Candidate[]> => [
  ...(await inPages(db, (last) =>
    db.all<PredictionRow>(
      `SELECT * FROM predictions WHERE pi IS NULL AND recorded_at < ? AND (recorded_at, number) > (?, ?)
       ORDER BY recorded_at, number LIMIT ?`,
      ...[before, last?.recorded_at ?? 0, last?.number ?? 0, PAGE],
    ),
  )),
  ...(await inPages(db, (last) =>
    db.all<PredictionRow>(
      'SELECT * FROM predictions WHERE awaits_revision = 1 AND number > ? ORDER BY number LIMIT ?',
      ...[last?.number ?? 0, PAGE],
    ),
  )),
];

/** @param read gives the rows after the last one known */
async function inPages(
  db: Database,
  read: (last: PredictionRow | undefined) => readonly PredictionRow[],
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let page: readonly PredictionRow[] = [];
  do {
    const last = page.at(-1);
    page = await db.read(() => read(last));
    found.push(...page.map(candidateOf));
    await setImmediate();
  } while (page.length === PAGE);
  return found;
}

const candidateOf = (row: PredictionRow): Candidate => ({
  predictionId: row.id,
  rates: ratesOf(row),
  isLowConfidence: row.is_low_confidence === 1,
  disputedBy: disputantOf(row),
  earlier: decisionOf(row),
});

function commitBatch(
  db: Database,
  population: Population,
  batch: Batch,
  isDeduplicating: boolean,
): void {
  if (db.get('SELECT 1 FROM batches WHERE id = ?', batch.id) !== null) return;
  let selected = 0;
  for (const decided of batch.decisions) {
    const row = decide(db, decided, population);
    if (row === null) continue;
    insertUnit(db, row, decided);
    if (isDeduplicating && joinTask(db, row)) continue;
    selected += 1;
    // Nobody can label what a person had erased: the unit stays without an answer.
    if (row.is_erased === 0) insertEntries(db, [entryFor(batch, decided)]);
  }
  db.run(
    'INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)',
    ...[batch.id, batch.decidedAt, batch.tau, batch.floor, batch.budgetLeft],
    ...[batch.decisions.length, selected],
  );
  // Rows lie in the order in which they were stored: the oldest are found without an index.
  db.run(
    `DELETE FROM batches WHERE rowid IN
       (SELECT rowid FROM (SELECT rowid, decided_at FROM batches ORDER BY rowid LIMIT ?) WHERE decided_at < ?)`,
    ...[DROPPED_AT_ONCE, batch.decidedAt - BATCH_KEPT_MS],
  );
  db.run(
    `INSERT INTO selected_days VALUES (?1, ?2) ON CONFLICT DO UPDATE SET tasks = tasks + ?2`,
    ...[dayOf(batch.decidedAt), selected],
  );
}

/** @returns the prediction when this batch selected it first; null for all others */
function decide(
  db: Database,
  decided: CandidateDecision,
  population: Population,
): PredictionRow | null {
  const row = db.get<PredictionRow>('SELECT * FROM predictions WHERE id = ?', decided.predictionId);
  if (row === null || !isDecidable(row, decided)) return null;
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
  if (!decision.isSelected) return null;
  if (earlier?.isSelected !== true) return row;
  reviseUnit(db, row, decided);
  return null;
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

function insertUnit(db: Database, row: PredictionRow, decided: CandidateDecision): void {
  const { decision, reasons } = decided;
  const { hasFlag, correction } = shownFeedback(db, row.id);
  db.run(
    `INSERT INTO units (prediction_id, model_version, at, segment, predicted_class, confidence,
       probabilities, is_low_confidence, is_disputed, pi, q, is_random, reasons, has_flag, correction,
       is_erased, content_digest, shadow_version, shadow_class)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[row.id, row.model_version, row.at, row.segment, row.predicted_class, row.confidence],
    ...[row.probabilities, row.is_low_confidence, row.is_disputed, decision.pi, decision.q],
    ...[Number(decision.isRandom), JSON.stringify(reasons), hasFlag, correction, row.is_erased],
    ...[row.content_digest, row.shadow_version, row.shadow_class],
  );
}

const entryFor = (
  { decidedAt }: Batch,
  { predictionId, reasons }: CandidateDecision,
): Parameters<typeof insertEntries>[1][number] => ({
  kind: 'create_task',
  predictionId,
  project: projectOf(reasons),
  reasons,
  createdAt: decidedAt,
  taskId: null,
});
