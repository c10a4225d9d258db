import type { Notice } from '../../domain/notice.ts';
import type { Fence } from './fence.ts';

/** What the retraining service is told: a handful a year. */
export interface NoticeStore {
  /** Every notice, oldest first. */
  notices(): Promise<readonly Notice[]>;
  /** Stores a notice, in place of an earlier one of its id. */
  saveNotice(notice: Notice, fence: Fence): Promise<void>;
}
