import type { AccuracyEstimate, PastEstimate } from '../../domain/estimate.ts';
import { pastEstimate, thinnedPeriods, withoutMistake } from '../../domain/estimate.ts';
import type { ModelVersion, PredictionId } from '../../domain/ids.ts';
import { dayOf } from '../../domain/window.ts';
import type { EstimateStore } from '../../ports/store/estimate-store.ts';
import type { Connection } from './connection.ts';
import type { UnitDocument } from './documents.ts';
import { differingKey, unitKey, unitOf } from './documents.ts';
import { feedbackCounts, rollUpFeedback } from './feedback.ts';
import { readBlocks, readDays, rollUpHours } from './population.ts';
import { pairCounts, rollUpPairs, versionPairs } from './shadow-answers.ts';
import { parseDocument, transact, type Transaction } from './transaction.ts';

export const estimateStore = (connection: Connection): EstimateStore => ({
  modelVersions: () => modelVersions(connection),
  units: async (version, from, to, tiesBefore) => {
    const found = await unitsIn(connection, connection.key('units', version), from, to);
    return found.map(({ document, host }) => unitOf(document, host, tiesBefore));
  },
  populationBlocks: (version, from, to) => readBlocks(connection, version, from, to),
  populationDays: (version, from, to) => readDays(connection, version, from, to),
  rollUp: (before, fence) =>
    transact(connection, fence, async (transaction) => {
      await rollUpFeedback(connection, transaction, dayOf(before));
      await rollUpPairs(connection, transaction, dayOf(before));
      await rollUpHours(connection, transaction, dayOf(before));
    }),
  feedbackCounts: (version, from, to) => feedbackCounts(connection, version, from, to),
  versionPairs: () => versionPairs(connection),
  pairCounts: (pair, from, to) => pairCounts(connection, pair, from, to),
  differingUnits: async (pair, from, to, tiesBefore) => {
    const found = await unitsIn(connection, differingKey(connection, pair), from, to);
    return found.map(({ document, host }) => ({
      ...unitOf(document, host, tiesBefore),
      otherClass: document.shadow?.predictedClass ?? '',
    }));
  },
  saveEstimates: (estimates, fence) =>
    transact(connection, fence, (transaction) => {
      for (const estimate of estimates) saveEstimate(connection, transaction, estimate);
      return Promise.resolve();
    }),
  latestEstimates: async () => {
    const latest = await connection.fields(latestKey(connection));
    return [...latest.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, body]) => JSON.parse(body) as AccuracyEstimate);
  },
  estimateHistory: async (version, window, from, to) =>
    (await connection.members(historyKey(connection, version, window), from, to)).map(
      (body) => JSON.parse(body) as PastEstimate,
    ),
});

const latestKey = (connection: Connection): string => connection.key('latest-estimates');

const historyKey = (connection: Connection, version: string, window: string): string =>
  connection.key('estimates', version, window);

async function modelVersions(connection: Connection): ReturnType<EstimateStore['modelVersions']> {
  const [first, last] = await Promise.all([
    connection.scores(connection.key('versions-first')),
    connection.scores(connection.key('versions-last')),
  ]);
  return [...last].map(([version, lastAt]) => ({
    modelVersion: version as ModelVersion,
    firstAt: first.get(version) ?? lastAt,
    lastAt,
  }));
}

/** Histories are rewritten in steps of so many. */
const SLIMMED_AT_ONCE = 500;

/** How often a list is read again whose documents were renamed meanwhile. */
const READS_MAX = 5;

interface FoundUnit {
  readonly document: UnitDocument;
  /** The one that has the task, where it is shared. */
  readonly host: UnitDocument | null;
}

/**
 * Units that the index lists with event time in [from, to), oldest first. Read again when one was renamed between the list
 * and the documents: an erased unit must not drop out of a window.
 */
async function unitsIn(
  connection: Connection,
  index: string,
  from: number,
  to: number,
): Promise<FoundUnit[]> {
  for (let read = 1; ; read += 1) {
    const ids = (await connection.members(index, ...[from, to])) as PredictionId[];
    const texts = await connection.getAll(ids.map((id) => unitKey(connection, id)));
    const documents = texts.flatMap((text) => parseDocument<UnitDocument>(text) ?? []);
    const hosts = await hostsOf(connection, documents);
    const hostOf = ({ joinedTo }: UnitDocument): UnitDocument | null =>
      joinedTo === null ? null : (hosts.get(joinedTo) ?? null);
    const isWhole =
      documents.length === ids.length &&
      documents.every((document) => document.joinedTo === null || hostOf(document) !== null);
    if (isWhole || read === READS_MAX)
      return documents.map((document) => ({ document, host: hostOf(document) }));
  }
}

/** Those whose tasks are shared by some of the units. */
async function hostsOf(
  connection: Connection,
  documents: readonly UnitDocument[],
): Promise<ReadonlyMap<PredictionId, UnitDocument>> {
  const ids = [...new Set(documents.flatMap(({ joinedTo }) => joinedTo ?? []))];
  const texts = await connection.getAll(ids.map((id) => unitKey(connection, id)));
  const hosts = texts.flatMap((text) => parseDocument<UnitDocument>(text) ?? []);
  return new Map(hosts.map((host) => [host.unit.predictionId, host]));
}

function saveEstimate(
  connection: Connection,
  transaction: Transaction,
  estimate: AccuracyEstimate,
): void {
  const { modelVersion, window, asOf } = estimate;
  const key = historyKey(connection, modelVersion, window);
  savePast(transaction, key, pastEstimate(estimate));
  transaction.command(
    'HSET',
    latestKey(connection),
    ...[JSON.stringify([modelVersion, window]), JSON.stringify(estimate)],
  );
  for (const { from, to } of thinnedPeriods(asOf)) transaction.command('THIN', key, from, to);
}

function savePast(transaction: Transaction, key: string, estimate: PastEstimate): void {
  transaction.command('ZREMRANGEBYSCORE', key, estimate.asOf, estimate.asOf);
  transaction.command('ZADD', key, estimate.asOf, JSON.stringify(estimate));
}

/** Brings every history to the form that is kept now; earlier ones held whole estimates. */
export async function slimHistories(connection: Connection): Promise<void> {
  for (const field of (await connection.fields(latestKey(connection))).keys()) {
    const [version, window] = JSON.parse(field) as [string, string];
    const key = historyKey(connection, version, window);
    const bodies = await connection.members(key);
    for (let start = 0; start < bodies.length; start += SLIMMED_AT_ONCE)
      await transact(connection, null, (transaction) => {
        for (const body of bodies.slice(start, start + SLIMMED_AT_ONCE))
          savePast(transaction, key, pastEstimate(JSON.parse(body) as AccuracyEstimate));
        return Promise.resolve();
      });
  }
}

/**
 * Where a newer estimate is saved meanwhile, that one stays.
 * @param id of a prediction that is being erased
 */
export async function dropMistake(
  connection: Connection,
  transaction: Transaction,
  modelVersion: ModelVersion,
  id: PredictionId,
): Promise<void> {
  const latest = await connection.fields(latestKey(connection));
  for (const [field, body] of latest) {
    const estimate = JSON.parse(body) as AccuracyEstimate;
    if (estimate.modelVersion !== modelVersion) continue;
    const left = withoutMistake(estimate, id);
    if (left !== null)
      transaction.command('SWAP', latestKey(connection), field, body, JSON.stringify(left));
  }
}
