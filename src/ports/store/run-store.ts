import type { Findings } from '../../domain/findings.ts';
import type { Fence } from './fence.ts';

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
