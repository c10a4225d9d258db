import { LeaseLost, StoreUnavailable } from '../../domain/errors.ts';
import type { Fence } from '../../ports/store/fence.ts';
import { APPLY_SCRIPT } from './apply-script.ts';
import type { Connection } from './connection.ts';

/** A member of a sorted set: which set, score, member. Documents name theirs, and a write keeps them in step. */
export type IndexEntry = readonly [key: string, score: number, member: string];

/** How long a write is tried again while others change what it read, ms. */
const CONTENDED_MS = 5000;

/**
 * What one atomic write read and is about to write. Nothing is written before `apply`, and then only if all that was
 * read is still so.
 */
export class Transaction {
  readonly #connection: Connection;
  readonly #keys = new Map<string, number>();
  readonly #read = new Map<string, string | null>();
  readonly #checks: (string | number)[] = [];
  readonly #commands: (string | number)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The value as it is now; the write fails should it change. */
  async read(key: string): Promise<string | null> {
    const [value] = await this.readAll([key]);
    return value ?? null;
  }

  async readAll(keys: readonly string[]): Promise<(string | null)[]> {
    const unread = [...new Set(keys)].filter((key) => !this.#read.has(key));
    const values = await this.#connection.getAll(unread);
    unread.forEach((key, index) => {
      this.expect(key, values[index] ?? null);
    });
    return keys.map((key) => this.#read.get(key) ?? null);
  }

  async readDocument<Document>(key: string): Promise<Document | null> {
    return parseDocument(await this.read(key));
  }

  async readDocuments<Document>(keys: readonly string[]): Promise<(Document | null)[]> {
    return (await this.readAll(keys)).map((text) => parseDocument(text));
  }

  expect(key: string, value: string | null): void {
    this.#read.set(key, value);
    this.#checks.push(this.#number(key), value === null ? '-' : `=${value}`);
  }

  command(name: string, key: string, ...values: readonly (string | number)[]): void {
    this.#commands.push(name, this.#number(key), values.length, ...values);
  }

  /** Sets or deletes a value. */
  write(key: string, value: string | null): void {
    if (value === null) this.command('DEL', key);
    else this.command('SET', key, value);
  }

  /** Takes members out of the indexes that the document leaves, and puts it into those that it joins. */
  moveIndexes(before: readonly IndexEntry[], after: readonly IndexEntry[]): void {
    const names = (entries: readonly IndexEntry[]) =>
      new Map(entries.map((entry) => [JSON.stringify(entry), entry]));
    const stays = (other: ReadonlyMap<string, IndexEntry>, name: string) => other.has(name);
    const [left, joined] = [names(before), names(after)];
    for (const [name, [key, , member]] of left)
      if (!stays(joined, name)) this.command('ZREM', key, member);
    for (const [name, [key, score, member]] of joined)
      if (!stays(left, name)) this.command('ZADD', key, score, member);
  }

  /** @returns 0, or the number of the first check that failed: nothing was written then */
  async apply(): Promise<number> {
    if (this.#checks.length + this.#commands.length === 0) return 0;
    return Number(
      await this.#connection.script(
        APPLY_SCRIPT,
        [...this.#keys.keys()],
        [this.#checks.length / 2, ...this.#checks, ...this.#commands],
      ),
    );
  }

  #number(key: string): number {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, this.#keys.size + 1);
    return this.#keys.size;
  }
}

// The caller names the document that the key holds: no value carries the type here.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export const parseDocument = <Document>(text: string | null): Document | null =>
  text === null ? null : (JSON.parse(text) as Document);

export const fenceKey = (connection: Connection, lease: string): string =>
  connection.key('fence', lease);

/**
 * Reads, decides and writes at once: when another process changes in between what was read, all of it is done again.
 * @param fence null for writes that need no lease
 * @throws LeaseLost, StoreUnavailable
 */
export async function transact<Result>(
  connection: Connection,
  fence: Fence | null,
  attempt: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const until = performance.now() + CONTENDED_MS;
  do {
    const transaction = new Transaction(connection);
    if (fence !== null) transaction.expect(fenceKey(connection, fence.lease), String(fence.token));
    const result = await attempt(transaction);
    const failed = await transaction.apply();
    if (failed === 0) return result;
    if (fence !== null && failed === 1) throw leaseLost(fence);
  } while (performance.now() < until);
  throw new StoreUnavailable(
    `Redis at ${connection.place}: others kept changing the same records for ${CONTENDED_MS / 1000} s`,
  );
}

const leaseLost = ({ lease, token }: Fence): LeaseLost =>
  new LeaseLost(
    `Lease ${lease} with token ${token} is no longer held: another process took over, nothing was written`,
  );
