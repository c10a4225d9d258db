import type { StatementSyncInstance } from '@photostructure/sqlite';
import { DatabaseSync } from '@photostructure/sqlite';

import { StoreUnavailable } from '../../domain/errors.ts';
import { hasCode, SQLITE, toStoreError } from './sqlite-error.ts';

/** What a column can hold. Booleans are stored as 0 and 1. */
export type Value = string | number | null | Uint8Array;

interface Job {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Changes that a group's writes gather in memory and that are written once for all of them, before the commit. */
export interface Gathered {
  readonly apply: () => void;
  readonly discard: () => void;
}

/** Longest time that one group of writes holds the event loop before it is committed, ms. */
const GROUP_MS = 20;

/**
 * One connection, the only writer. Writes that arrive while others wait share one transaction and one sync to disk; each
 * is undone alone when it fails, and none is acknowledged before the disk has it.
 */
export class Database {
  readonly path: string;
  readonly #connection: InstanceType<typeof DatabaseSync>;
  readonly #statements = new Map<string, StatementSyncInstance>();
  readonly #gathered: Gathered[] = [];
  #queue: Job[] = [];
  #onSuccess: (() => void)[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(path: string) {
    this.path = path;
    this.#connection = new DatabaseSync(path, { timeout: 2000 });
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  // The caller names the row that its own SQL asks for: no value carries the type here.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  get<Row>(sql: string, ...values: Value[]): Row | null {
    return (this.#prepare(sql).get(...values) as Row | undefined) ?? null;
  }

  /** Rows as arrays of their columns: several times cheaper than objects where rows are many. */

  tuples<Tuple extends readonly Value[]>(sql: string, ...values: Value[]): Tuple[] {
    const key = `tuples:${sql}`;
    const statement = this.#statements.get(key) ?? this.#connection.prepare(sql);
    if (!this.#statements.has(key)) statement.setReturnArrays(true);
    this.#statements.set(key, statement);
    return statement.all(...values) as Tuple[];
  }

  /** @returns how many rows changed */
  run(sql: string, ...values: Value[]): number {
    return this.#prepare(sql).run(...values).changes;
  }

  /** Rowid of the last insert. */
  insert(sql: string, ...values: Value[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid);
  }

  /** Reads what is committed: nothing else can run in between. */
  read<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      try {
        this.#assertOpen();
        resolve(work());
      } catch (error) {
        reject(toStoreError(error, this.path));
      }
    });
  }

  /** Runs `work` within a transaction; resolves once it is durable. */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(this.#closedError());
        return;
      }
      this.#queue.push({ run: work, resolve, reject });
      this.#schedule();
    });
  }

  /** Has `gathered` written before each commit, or dropped with the group. */
  register(gathered: Gathered): void {
    this.#gathered.push(gathered);
  }

  /** Within a write: runs when that write did not fail, before the group is committed. */
  onSuccess(work: () => void): void {
    this.#onSuccess.push(work);
  }

  /** Commits what waits, then closes. */
  close(): void {
    if (this.#isClosed) return;
    while (this.#queue.length > 0) this.#commitGroup();
    this.#isClosed = true;
    this.#emptyLog();
    this.#statements.clear();
    this.#connection.close();
  }

  /** The library leaves statements open until they are collected, so that closing alone would not move the log into the file. */
  #emptyLog(): void {
    try {
      this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // The log holds every commit: the next start reads it, whatever keeps this from being tidy.
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isClosed) return;
      this.#commitGroup();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  #commitGroup(): void {
    const finished: { job: Job; result: unknown }[] = [];
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      this.#runQueued(finished);
      for (const { apply } of this.#gathered) apply();
      this.#connection.exec('COMMIT');
    } catch (error) {
      for (const { discard } of this.#gathered) discard();
      this.#rollBack();
      const failure = toStoreError(error, this.path);
      for (const { job } of finished) job.reject(failure);
      // Nothing ran: these would only fail the same way, so their callers hear of it now.
      if (finished.length === 0) for (const job of this.#queue.splice(0)) job.reject(failure);
      return;
    }
    for (const { job, result } of finished) job.resolve(result as never);
  }

  #runQueued(finished: { job: Job; result: unknown }[]): void {
    const endsAt = performance.now() + GROUP_MS;
    while (this.#queue.length > 0 && performance.now() < endsAt) {
      const job = this.#queue.shift() as Job;
      this.#connection.exec('SAVEPOINT job');
      this.#onSuccess = [];
      try {
        const result = job.run();
        this.#connection.exec('RELEASE job');
        for (const work of this.#onSuccess) work();
        finished.push({ job, result });
      } catch (error) {
        job.reject(toStoreError(error, this.path));
        // A full disk ends the whole transaction, not just this job.
        if (!this.#connection.isTransaction) throw error;
        this.#connection.exec('ROLLBACK TO job; RELEASE job');
      }
    }
  }

  #rollBack(): void {
    try {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    } catch (error) {
      // The transaction is gone already; SQLite says so by an error.
      if (!hasCode(error, SQLITE.ERROR)) throw error;
    }
  }

  #prepare(sql: string): StatementSyncInstance {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw this.#closedError();
  }

  #closedError(): StoreUnavailable {
    return new StoreUnavailable(`The store ${this.path} is closed: the program is stopping`);
  }
}
