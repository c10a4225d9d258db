import type { VersionComparison } from './comparison.ts';
import type { ProjectKind } from './selection.ts';

/** Differences between our records and Label Studio, as they are counted when repaired. */
export const REPAIR_KINDS = [
  'missing_task',
  'duplicate_task',
  'missed_annotation',
  'deleted_task',
  'missing_project',
  'changed_project',
] as const;
export type RepairKind = (typeof REPAIR_KINDS)[number];

/** The last comparison of both sides. */
export interface Reconciliation {
  /** ms */
  readonly at: number;
  readonly repairs: Readonly<Partial<Record<RepairKind, number>>>;
  /** Labelled tasks gone with their project or in great numbers, by project: their labels count until somebody decides. */
  readonly kept: Readonly<Record<ProjectKind, number>>;
  /** Tasks in our projects that belong to no prediction of ours. */
  readonly foreign: number;
}

/** The addresses of pictures that every open task carries, or will once the outbox is empty. */
export interface WrittenLinks {
  /** Says by what settings they are made; nothing about the key can be learned from it. */
  readonly fingerprint: string;
  /** Every open task's address is at least as young as this, ms. */
  readonly writtenAt: number;
}

/** Whether a picture opened under the address that annotators' browsers use. */
export interface PictureCheck {
  readonly at: number;
  readonly url: string;
  /** In words; null when it opened. */
  readonly problem: string | null;
}

/** What the sync found out, or did last, beyond single records: one value of each, the newest. */
export interface Findings {
  readonly reconciliation: Reconciliation;
  readonly written_links: WrittenLinks;
  readonly picture_check: PictureCheck;
  /** Two versions on the same traffic, those with the newest traffic first; null (none) where no second model answers. */
  readonly comparisons: readonly VersionComparison[];
  /** By project: a digest of what it was last made to look like. */
  readonly project_forms: Readonly<Partial<Record<ProjectKind, string>>>;
}
