import type { ObjectKey } from '../domain/ids.ts';

/**
 * Keeps images. Every method rejects with ObjectStoreUnavailable when the store can't serve just now. No key may be
 * another one followed by '/' and more: some servers can't list both.
 */
export interface ObjectStore {
  /** Durable when it resolves; the same key twice with the same bytes is harmless. */
  put(key: ObjectKey, bytes: Buffer): Promise<void>;
  /** @returns the bytes, or null when there is no such object. */
  get(key: ObjectKey): Promise<Buffer | null>;
  /** Is there such an object? Its bytes are not read. */
  has(key: ObjectKey): Promise<boolean>;
  /** Gone when it resolves; a missing object is not an error. */
  delete(key: ObjectKey): Promise<void>;
  /** Every key with the time it was written (ms), in no particular order, streamed. */
  list(): AsyncIterable<{ readonly key: ObjectKey; readonly writtenAt: number }>;
  close(): Promise<void>;
}
