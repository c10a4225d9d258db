import type { Annotation, Task, Verdict } from '../domain/annotation.ts';
import type { AccuracyEstimate, PastEstimate } from '../domain/estimate.ts';
import type { Feedback, FeedbackKind } from '../domain/feedback.ts';
import type { Findings } from '../domain/findings.ts';
import type { ModelVersion, ObjectKey, PredictionId } from '../domain/ids.ts';
import type { Notice } from '../domain/notice.ts';
import type { PopulationBlock, PopulationDay } from '../domain/population.ts';
import type { Prediction, StoredPrediction } from '../domain/prediction.ts';
import type { Reporter } from '../domain/reporter.ts';
import type {
  Batch,
  Candidate,
  Policy,
  ProjectKind,
  SelectionReason,
} from '../domain/selection.ts';
import type { PairCounts, ShadowAnswer, VersionPair } from '../domain/shadow-answer.ts';
import type { Claim, KeyedRequest, StoredAnswer } from '../domain/stored-answer.ts';
import type { DifferingUnit, Unit } from '../domain/unit.ts';
import type { WindowName } from '../domain/window.ts';

/**
 * All records. Two adapters pass one contract suite. Each method is atomic and durable when it resolves, costs the same
 * with a million predictions as with ten thousand, and rejects with StoreUnavailable when the store can't serve just now.
 * What a sync run writes carries its lease (`fence`) and rejects with LeaseLost once another process holds it.
 */
export interface Store
  extends
    PredictionStore,
    AnswerStore,
    SelectionStore,
    OutboxStore,
    TaskStore,
    EstimateStore,
    NoticeStore,
    RunStore,
    ReporterStore {
  /** Resolves when a write would be possible. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Proof of holding a lease: grows with every change of hands. */
export interface Fence {
  readonly lease: string;
  readonly token: number;
}

export interface PredictionStore {
  /** Stores the prediction and counts it in the population; a known id or externalId changes nothing and answers the earlier id. */
  recordPrediction(
    prediction: Prediction,
  ): Promise<{ readonly outcome: 'recorded' | 'already_recorded'; readonly id: PredictionId }>;
  findPrediction(id: PredictionId): Promise<StoredPrediction | null>;
  /**
   * Stores feedback (replacing an earlier live one of the same kind). One that disputes in time makes the prediction
   * disputed for ever: its unit moves in the population, and if it was decided already it joins the next batch.
   * @param flagHorizonMs see disputesInTime
   * A correction to the model's own class is a confirmation, and takes a live correction back.
   * @returns null when there is no such prediction; else the kind that was counted, and whether none of it was live before
   */
  giveFeedback(
    feedback: Feedback,
    flagHorizonMs: number,
  ): Promise<{ readonly counted: FeedbackKind; readonly isNew: boolean } | null>;
  /** Takes live feedback back (what is shown changes; pi, selection and `isDisputed` never do). False when there was none. */
  revokeFeedback(id: PredictionId, kind: FeedbackKind, at: number): Promise<boolean>;
  /**
   * Stores what the model that did not serve answered, and counts the prediction for the pair of versions. A different
   * class, in time, disputes the prediction just as a flag does (see giveFeedback); the first answer is the one that counts.
   * @param flagHorizonMs see differsInTime
   * @returns `unknown` when there is no such prediction, or none any more
   */
  recordShadowAnswer(
    answer: ShadowAnswer,
    flagHorizonMs: number,
  ): Promise<'recorded' | 'already_recorded' | 'unknown'>;
  /** Live feedback of one prediction. */
  feedbackOf(id: PredictionId): Promise<readonly Feedback[]>;
  /**
   * Deletes what a person asked to have deleted: feedback, probabilities, object key, task, annotations and its place
   * among the mistakes of the latest estimates; an anonymous row stays, so that no estimate moves. The task's deletion goes into the outbox in the same transaction. Those that
   * shared the task keep its verdict; while there is none, one of them gets a new task that the others share.
   * @returns what is still to be removed elsewhere, or null when there is no such prediction
   */
  erasePrediction(
    id: PredictionId,
    at: number,
  ): Promise<{ readonly objectKey: ObjectKey; readonly taskId: number | null } | null>;
  /**
   * Forgets decided, unselected predictions recorded before `before` (population counts keep them), at most `limit`.
   * @returns the object keys that nobody needs any more
   */
  forgetUnselected(before: number, limit: number): Promise<readonly ObjectKey[]>;
  /** Does any prediction refer to this object? (For sweeping orphans.) */
  isObjectReferenced(key: ObjectKey): Promise<boolean>;
  /**
   * Every prediction with event time in [from, to) that is not erased, with what people said of it: streamed in pages, in
   * no particular order, each once. What changes meanwhile comes as it was or as it is.
   */
  recordsBetween(from: number, to: number): AsyncIterable<readonly PredictionRecord[]>;
}

/** A prediction with all that people said of it. */
export interface PredictionRecord {
  readonly prediction: StoredPrediction;
  /** Live feedback, oldest first. */
  readonly feedback: readonly Feedback[];
  /** Null unless it was pushed. */
  readonly task: Task | null;
}

/** Answers to requests with an Idempotency-Key. */
export interface AnswerStore {
  /**
   * Takes a keyed request to work on, unless it was answered or somebody works on it. What nobody answers within
   * `patienceMs` may be taken by the next.
   * @param claimant what belongs to this try: a token of its own, and the prediction that it is about or will make
   */
  claimRequest(
    request: KeyedRequest,
    claimant: { readonly token: string; readonly predictionId: PredictionId },
    now: number,
    patienceMs: number,
  ): Promise<Claim>;
  /** Keeps the answer until `keepUntil`; only the one who has the claim does. Gone with its prediction when that is erased. */
  saveAnswer(
    name: KeyedRequest['name'],
    token: string,
    answer: StoredAnswer,
    keepUntil: number,
  ): Promise<void>;
  /** It came to nothing: the next with this key begins anew, under the same prediction id. */
  releaseRequest(name: KeyedRequest['name'], token: string): Promise<void>;
  /** Forgets what was to be kept until `before` at most. @returns how many */
  forgetAnswers(before: number): Promise<number>;
}

export interface SelectionStore {
  /** The newest policy, or null before the first. */
  currentPolicy(): Promise<Policy | null>;
  savePolicy(policy: Policy, fence: Fence): Promise<void>;
  /** Arrivals by UTC hour of recordedAt and by pattern (index as in PATTERNS), hours in [from, to), oldest first; hours without any are left out. */
  arrivals(
    from: number,
    to: number,
  ): Promise<
    readonly {
      readonly hour: number;
      readonly byPattern: readonly [number, number, number, number];
    }[]
  >;
  /** Tasks selected on the UTC day that begins at `day` (by decidedAt). */
  selectedOnDay(day: number): Promise<number>;
  /** Verdicts reached (by the time of their newest answer) since `since`, and selected predictions that still wait for one, pushed or not: for the budget of a team that falls behind. */
  labelFlow(since: number): Promise<{ readonly labels: number; readonly openTasks: number }>;
  /** All predictions recorded before `before` and not decided, and all late disputes: the next batch. */
  candidates(before: number): Promise<readonly Candidate[]>;
  /**
   * Stores the batch: decisions, population sums, and an outbox entry for each newly selected prediction, in one
   * transaction. A prediction disputed since it was read joins the next batch. A decision already made is never changed
   * but by a revision.
   * @param isDeduplicating a newly selected prediction whose content has a task already (or gets one in this batch) joins
   * that task: no entry, no place in the budget; the task's label is the label of each that shares it
   */
  commitBatch(batch: Batch, fence: Fence, isDeduplicating?: boolean): Promise<void>;
}

/** Work to be done in the labelling tool. */
export interface OutboxEntry {
  readonly id: number;
  readonly kind: 'create_task' | 'ask_annotator' | 'renew_image' | 'delete_task';
  readonly predictionId: PredictionId;
  readonly project: ProjectKind;
  readonly reasons: readonly SelectionReason[];
  /** Sends begun; above 0 means the last one's outcome may be unknown: look up before sending again. */
  readonly attempts: number;
  readonly createdAt: number;
  readonly notBefore: number;
  readonly state: 'pending' | 'dead';
  /** Why the last attempt failed; null before any did. */
  readonly lastError: string | null;
  /** For delete_task (the prediction may be erased by then): the task; else null. */
  readonly taskId: number | null;
}

export interface OutboxStore {
  /** Pending entries whose time has come, oldest first, of one kind. */
  dueEntries(
    kind: OutboxEntry['kind'],
    now: number,
    limit: number,
  ): Promise<readonly OutboxEntry[]>;
  /**
   * Notes durably, before anything is sent, that a send begins (attempts + 1). Should nothing more be noted of it, it is
   * tried again not before `notBefore`.
   */
  beginSend(entryIds: readonly number[], notBefore: number, fence: Fence): Promise<void>;
  /**
   * create_task done: the task is recorded in place of an earlier one, and the entry removed. When the prediction was
   * erased meanwhile, the deletion of the task goes into the outbox.
   */
  markCreated(
    created: readonly {
      readonly entryId: number;
      readonly predictionId: PredictionId;
      readonly project: ProjectKind;
      readonly projectId: number;
      readonly taskId: number;
      readonly pushedAt: number;
    }[],
    fence: Fence,
  ): Promise<void>;
  /** Any other kind done: the entry is removed. */
  markDone(entryIds: readonly number[], fence: Fence): Promise<void>;
  /** Try again not before `notBefore`. */
  postpone(
    entryIds: readonly number[],
    notBefore: number,
    lastError: string,
    fence: Fence,
  ): Promise<void>;
  /** Will never succeed as it is: dead, with its reason, until redriven. */
  bury(entryIds: readonly number[], lastError: string, fence: Fence): Promise<void>;
  /** Dead entries back to pending (all, or those given). @returns how many */
  redrive(entryIds: readonly number[] | null): Promise<number>;
  deadEntries(limit: number): Promise<readonly OutboxEntry[]>;
  outboxState(): Promise<{
    readonly pending: number;
    readonly dead: number;
    readonly oldestCreatedAt: number | null;
    /** The same three for each kind. */
    readonly byKind: Readonly<
      Record<
        OutboxEntry['kind'],
        {
          readonly pending: number;
          readonly dead: number;
          readonly oldestCreatedAt: number | null;
        }
      >
    >;
  }>;
  /** Adds work that is not a new selection (annotator, renewal, deletion, a task to be made again); one entry, pending or dead, per (kind, prediction, taskId). @returns how many were added */
  enqueue(
    entries: readonly Pick<
      OutboxEntry,
      'kind' | 'predictionId' | 'project' | 'reasons' | 'createdAt' | 'taskId'
    >[],
    fence: Fence,
  ): Promise<number>;
}

export interface TaskStore {
  /** The labelling tool's project of a kind, as last known. */
  projectId(kind: ProjectKind): Promise<number | null>;
  setProjectId(kind: ProjectKind, projectId: number, fence: Fence): Promise<void>;
  /** The prediction's task, or the one that it shares (which is another prediction's). */
  findTask(predictionId: PredictionId): Promise<Task | null>;
  /** The tasks that are these predictions' own. */
  tasksOf(predictionIds: readonly PredictionId[]): Promise<readonly Task[]>;
  /** Stores what was pulled: the annotations (absent ones become tombstones, history stays), the verdict; and moves the watermark. */
  savePulled(
    pulled: readonly {
      readonly predictionId: PredictionId;
      readonly annotations: readonly Annotation[];
      readonly verdict: Verdict;
      readonly annotatorsWanted: number;
    }[],
    watermark: { readonly projectId: number; readonly at: number },
    fence: Fence,
  ): Promise<void>;
  /** Time up to which a project's changes have been pulled; null before the first pull. */
  watermark(projectId: number): Promise<number | null>;
  /** Every task of a project kind (not deleted), ordered by prediction id, streamed in pages: for reconciliation. */
  allTasks(kind: ProjectKind): AsyncIterable<readonly Task[]>;
  /** The task is gone in the labelling tool: its labels no longer count. */
  markDeleted(predictionIds: readonly PredictionId[], at: number, fence: Fence): Promise<void>;
  /** The prediction's task is another one now (a duplicate removed, a project rebuilt). */
  relinkTask(
    predictionId: PredictionId,
    projectId: number,
    taskId: number,
    fence: Fence,
  ): Promise<void>;
  /** Tasks of each project that wait for an answer: what an annotator finds there. */
  waitingTasks(): Promise<Readonly<Record<ProjectKind, number>>>;
  /** Distinct annotators with an answer since `since`. */
  annotatorCount(since: number): Promise<number>;
  /** Tasks whose verdict is `disagreed` and whose tie is younger than `since`: they wait for one more annotator. */
  openTies(since: number): Promise<readonly Task[]>;
}

export interface EstimateStore {
  /** Model versions with the event times of their first and last prediction, newest traffic first. */
  modelVersions(): Promise<
    readonly {
      readonly modelVersion: ModelVersion;
      readonly firstAt: number;
      readonly lastAt: number;
    }[]
  >;
  /** Selected predictions of the version with event time in [from, to), with outcome. A tie older than `tiesBefore` (ms) counts by its shares, a younger one is open. */
  units(
    modelVersion: ModelVersion,
    from: number,
    to: number,
    tiesBefore: number,
  ): Promise<readonly Unit[]>;
  /**
   * Population blocks that together cover [from, to), with `from` the start of an hour: whole days as one block of a day,
   * the rest by the hour. A rolled-up day is given whole to every window that touches it.
   */
  populationBlocks(
    modelVersion: ModelVersion,
    from: number,
    to: number,
  ): Promise<readonly PopulationBlock[]>;
  populationDays(
    modelVersion: ModelVersion,
    from: number,
    to: number,
  ): Promise<readonly PopulationDay[]>;
  /** Gives up the hours of the days that end before `before`: their sums are known by the day only. Safe to repeat. */
  rollUp(before: number, fence: Fence): Promise<void>;
  /** Live feedback counts: of predictions with event time in [from, to). */
  feedbackCounts(
    modelVersion: ModelVersion,
    from: number,
    to: number,
  ): Promise<Readonly<Record<FeedbackKind, number>>>;
  /** Pairs of versions that both answered some predictions, with the event times of the first and the last such one, newest first. */
  versionPairs(): Promise<
    readonly (VersionPair & { readonly firstAt: number; readonly lastAt: number })[]
  >;
  /** Predictions with event time in [from, to) that both answered, also those forgotten or erased since. */
  pairCounts(pair: VersionPair, from: number, to: number): Promise<PairCounts>;
  /** Those of `units` of the served version on which the other one named a different class. */
  differingUnits(
    pair: VersionPair,
    from: number,
    to: number,
    tiesBefore: number,
  ): Promise<readonly DifferingUnit[]>;
  /** Saves estimates as the latest, and what is drawn of them in their history. Old ones are thinned: see `thinnedPeriods`. */
  saveEstimates(estimates: readonly AccuracyEstimate[], fence: Fence): Promise<void>;
  /**
   * The newest estimate of each (version, window). Only these name mistakes, and not those erased since. (One that was
   * being computed while a mistake was erased names it until the next run.)
   */
  latestEstimates(): Promise<readonly AccuracyEstimate[]>;
  /** By `asOf` in [from, to), oldest first. */
  estimateHistory(
    modelVersion: ModelVersion,
    window: WindowName,
    from: number,
    to: number,
  ): Promise<readonly PastEstimate[]>;
}

/** What the retraining service is told: a handful a year. */
export interface NoticeStore {
  /** Every notice, oldest first. */
  notices(): Promise<readonly Notice[]>;
  /** Stores a notice, in place of an earlier one of its id. */
  saveNotice(notice: Notice, fence: Fence): Promise<void>;
}

/** One execution of the sync. */
export interface SyncRun {
  readonly id: string;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly trigger: 'schedule' | 'webhook' | 'request' | 'start';
  readonly result: 'running' | 'success' | 'failure';
  readonly selected: number;
  readonly pushed: number;
  readonly pulled: number;
  /** What went wrong, in words; null when nothing did. */
  readonly error: string | null;
}

export interface RunStore {
  saveRun(run: SyncRun): Promise<void>;
  findRun(id: string): Promise<SyncRun | null>;
  /** Newest first. */
  lastRuns(limit: number): Promise<readonly SyncRun[]>;
  /** Takes or renews the lease for `ttlMs`; null while another holder has it. A lease that was released can't be written with any more. */
  acquireLease(lease: string, holder: string, now: number, ttlMs: number): Promise<Fence | null>;
  releaseLease(fence: Fence): Promise<void>;
  /** The newest finding of a name; null before the first. */
  finding<Name extends keyof Findings>(name: Name): Promise<Findings[Name] | null>;
  saveFinding<Name extends keyof Findings>(
    name: Name,
    finding: Findings[Name],
    fence: Fence,
  ): Promise<void>;
  /**
   * Remembers, or compares with what was remembered, a fingerprint of what must never change (the sampling key).
   * @throws StoreUnusable when it differs
   */
  holdFingerprint(name: string, fingerprint: string): Promise<void>;
}

/** Services that report with a key of their own; few. */
export interface ReporterStore {
  /** @returns false, with nothing changed, when the name is taken */
  addReporter(reporter: Reporter): Promise<boolean>;
  /** By name. */
  reporters(): Promise<readonly Reporter[]>;
  /** @returns false when there is no such reporter */
  removeReporter(name: string): Promise<boolean>;
}
