import type { ModelVersion } from './ids.ts';

export const NOTICE_EVENTS = ['accuracy_below_target', 'schedule'] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];

/** Something that a retraining service is told once: why now, and where the labels are. */
export interface Notice {
  /** Stays the same however often it is sent: the receiver's idempotency key. */
  readonly id: string;
  readonly event: NoticeEvent;
  readonly modelVersion: ModelVersion;
  /** ms. */
  readonly madeAt: number;
  /** JSON, exactly as it is sent each time. */
  readonly body: string;
  readonly state: 'pending' | 'delivered' | 'given_up';
  /** Sends that failed. */
  readonly attempts: number;
  /** Not to be sent before, ms. */
  readonly notBefore: number;
  /** Why the last send failed; null when none did. */
  readonly lastError: string | null;
  /** What it tells still holds: an alarm that is not over makes no second notice. */
  readonly isOpen: boolean;
}
