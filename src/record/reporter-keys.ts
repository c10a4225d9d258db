import { createHash, randomBytes } from 'node:crypto';

import { Conflict, NotFound } from '../domain/errors.ts';
import { type Reporter, reporterName } from '../domain/reporter.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReporterStore } from '../ports/store/reporter-store.ts';

/** Another process may have made or revoked a key: it is known here within this time. */
const CACHE_MS = 2000;
const KEY_BYTES = 32;

/** Keys of reporting services: made once, shown once, revoked by name. */
export interface ReporterKeys {
  /**
   * @returns the key; it can't be read again
   * @throws RequestInvalid for a name that can't be; Conflict when it is taken
   */
  make(name: string): Promise<string>;
  /** @throws NotFound */
  revoke(name: string): Promise<void>;
  list(): Promise<readonly Reporter[]>;
  /** Whose key is this? @returns null when nobody's */
  ownerOf(key: string): Promise<Reporter | null>;
}

export function createReporterKeys(store: ReporterStore, clock: Clock): ReporterKeys {
  let known: ReadonlyMap<string, Reporter> = new Map();
  let readAt = -Infinity;
  const refresh = async (): Promise<void> => {
    const reporters = await store.reporters();
    known = new Map(reporters.map((reporter) => [reporter.keyDigest, reporter]));
    readAt = clock.now();
  };
  return {
    async make(name) {
      const key = `tl_${randomBytes(KEY_BYTES).toString('base64url')}`;
      const reporter = { name: reporterName(name), keyDigest: digestOf(key), madeAt: clock.now() };
      if (!(await store.addReporter(reporter)))
        throw new Conflict(`"${name}" has a key already: revoke it first, or choose another name.`);
      readAt = -Infinity;
      return key;
    },
    async revoke(name) {
      if (!(await store.removeReporter(name)))
        throw new NotFound(`There is no reporting service "${name}".`);
      readAt = -Infinity;
    },
    list: () => store.reporters(),
    async ownerOf(key) {
      const now = clock.now();
      if (now < readAt || now - readAt >= CACHE_MS) await refresh();
      return known.get(digestOf(key)) ?? null;
    },
  };
}

const digestOf = (key: string): string => createHash('sha256').update(key).digest('hex');
