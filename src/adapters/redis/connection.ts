import { createHash } from 'node:crypto';

import type { Cluster, Redis } from 'ioredis';

import { StoreUnavailable } from '../../domain/errors.ts';

type Argument = string | number | Buffer;

/** All keys carry this tag: in a Redis Cluster they lie in one slot, so that one script may write several. */
export const KEY_TAG = '{truthloop}';
/** How the server knows the program's own clients, so that whoever replaces the records sees that it runs. */
export const CLIENT_NAME = 'truthloop';
/** Documents that one MGET asks for. */
const READ_AT_ONCE = 1000;

/** One client, its faults told as the store's, its keys made in one way. */
export class Connection {
  /** Where it leads, without credentials. */
  readonly place: string;
  readonly #client: Redis | Cluster;
  readonly #timeoutMs: number;

  /** @param timeoutMs longest wait for one answer */
  constructor(client: Redis | Cluster, place: string, timeoutMs: number) {
    this.#client = client;
    this.place = place;
    this.#timeoutMs = timeoutMs;
  }

  /** @param parts whatever they hold, other parts give another key */
  key(name: string, ...parts: readonly (string | number)[]): string {
    return `${KEY_TAG}:${name}${parts.length === 0 ? '' : `:${JSON.stringify(parts)}`}`;
  }

  /** @throws StoreUnavailable */
  async call(command: string, ...values: readonly Argument[]): Promise<unknown> {
    return this.#guard(() => this.#client.call(command, [...values]));
  }

  async get(key: string): Promise<string | null> {
    return (await this.call('GET', key)) as string | null;
  }

  /** Values in the order of the keys; null where there is none. */
  async getAll(keys: readonly string[]): Promise<(string | null)[]> {
    return (await this.#inParts(keys, (part) => this.call('MGET', ...part))) as (string | null)[];
  }

  async getAllBytes(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return (await this.#inParts(keys, (part) =>
      this.#guard(() => this.#client.callBuffer('MGET', [...part])),
    )) as (Buffer | null)[];
  }

  /** Members with a score in [from, to), or all; by score, then by name. */
  async members(key: string, from?: number, to?: number, limit?: number): Promise<string[]> {
    const found = await this.call(
      'ZRANGEBYSCORE',
      ...[key, from ?? '-inf', to === undefined ? '+inf' : `(${to}`],
      ...(limit === undefined ? [] : ['LIMIT', 0, limit]),
    );
    return found as string[];
  }

  async fields(key: string): Promise<Map<string, string>> {
    const flat = (await this.call('HGETALL', key)) as string[];
    const pairs = new Map<string, string>();
    for (let index = 0; index + 1 < flat.length; index += 2)
      pairs.set(flat[index] ?? '', flat[index + 1] ?? '');
    return pairs;
  }

  /** Members of a sorted set with their scores, the highest first. */
  async scores(key: string): Promise<Map<string, number>> {
    const flat = (await this.call('ZREVRANGE', key, 0, -1, 'WITHSCORES')) as string[];
    return new Map(
      flat.flatMap((member, index) =>
        index % 2 === 0 ? [[member, Number(flat[index + 1])] as const] : [],
      ),
    );
  }

  async count(command: 'ZCARD' | 'ZCOUNT', ...values: readonly Argument[]): Promise<number> {
    return Number(await this.call(command, ...values));
  }

  /** The next number of a sequence; gaps are possible, repeats are not. */
  async next(name: string, by = 1): Promise<number> {
    return Number(await this.call('INCRBY', this.key(name), by)) - by + 1;
  }

  async script(
    lua: string,
    keys: readonly string[],
    values: readonly Argument[],
  ): Promise<unknown> {
    const digest = createHash('sha1').update(lua).digest('hex');
    return this.#guard(async () => {
      try {
        return await this.#client.call('EVALSHA', [digest, keys.length, ...keys, ...values]);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return this.#client.call('EVAL', [lua, keys.length, ...keys, ...values]);
      }
    });
  }

  close(): void {
    this.#client.disconnect();
  }

  async #inParts(
    keys: readonly string[],
    read: (part: readonly string[]) => Promise<unknown>,
  ): Promise<unknown[]> {
    const parts = [];
    for (let start = 0; start < keys.length; start += READ_AT_ONCE)
      parts.push(read(keys.slice(start, start + READ_AT_ONCE)));
    return (await Promise.all(parts)).flat(1);
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#inTime(work());
    } catch (error) {
      throw new StoreUnavailable(
        `Redis at ${this.place} can't serve just now: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  /** The client's own limit does not reach what waits for a cluster to come back. */
  async #inTime<Result>(answer: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
