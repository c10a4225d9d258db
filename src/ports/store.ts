import type { AnswerStore } from './store/answer-store.ts';
import type { EstimateStore } from './store/estimate-store.ts';
import type { NoticeStore } from './store/notice-store.ts';
import type { OutboxStore } from './store/outbox-store.ts';
import type { PredictionStore } from './store/prediction-store.ts';
import type { ReporterStore } from './store/reporter-store.ts';
import type { RunStore } from './store/run-store.ts';
import type { SelectionStore } from './store/selection-store.ts';
import type { TaskStore } from './store/task-store.ts';

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
