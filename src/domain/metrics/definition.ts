/** Where a metric is served: one registry per role, no series under two jobs. */
export type MetricRole = 'web' | 'classifier' | 'sync';

/** Where label values come from that only the deployment knows. Each is bounded, by its configuration or by code. */
export type LabelSource =
  /** The classes that the role's model answers with. */
  | 'classes'
  /** Route patterns of the role's application, and 'none'. */
  | 'handlers'
  /** Facts about the build or the model: one series. */
  | 'facts'
  /** Model versions, windows, classes and segments of the estimates shown: expose/ keeps the newest versions only. */
  | 'estimates';

export type LabelSet = Readonly<Record<string, string>>;

/** One metric family: what it counts or measures, in which unit, with which labels. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** One sentence; the unit is in the name. */
  readonly help: string;
  readonly roles: readonly MetricRole[];
  /** Label name -> its closed set of values, or where the deployment has them. */
  readonly labels: Readonly<Record<string, readonly string[] | LabelSource>>;
  /** Upper bounds, ascending, without +Inf; histograms only. */
  readonly buckets?: readonly number[];
  /**
   * The label sets that are there from the start, where they are not simply every combination (operations differ by
   * dependency). Counters, histograms and gauges with `startsAtZero` begin with a series each.
   */
  readonly start?: Readonly<Partial<Record<MetricRole, readonly LabelSet[]>>>;
  /** A gauge that counts: 0 is true before anything happened. Every other gauge is absent until it is set. */
  readonly startsAtZero?: true;
}

export type MetricCatalogue<Names extends string> = Readonly<Record<Names, MetricDefinition>>;

/** Keeps the names as a type while every entry is checked. */
export const defineMetrics = <Names extends string>(
  definitions: MetricCatalogue<Names>,
): MetricCatalogue<Names> => definitions;
