import type { Reporter } from '../../domain/reporter.ts';

/** Services that report with a key of their own; few. */
export interface ReporterStore {
  /** @returns false, with nothing changed, when the name is taken */
  addReporter(reporter: Reporter): Promise<boolean>;
  /** By name. */
  reporters(): Promise<readonly Reporter[]>;
  /** @returns false when there is no such reporter */
  removeReporter(name: string): Promise<boolean>;
}
