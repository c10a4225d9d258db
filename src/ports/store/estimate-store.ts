import type { AccuracyEstimate, PastEstimate } from '../../domain/estimate.ts';
import type { FeedbackKind } from '../../domain/feedback.ts';
import type { ModelVersion } from '../../domain/ids.ts';
import type { PopulationBlock, PopulationDay } from '../../domain/population.ts';
import type { PairCounts, VersionPair } from '../../domain/shadow-answer.ts';
import type { DifferingUnit, Unit } from '../../domain/unit.ts';
import type { WindowName } from '../../domain/window.ts';
import type { Fence } from './fence.ts';

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
