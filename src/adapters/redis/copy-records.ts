import { Redis } from 'ioredis';

import { StoreUnavailable, StoreUnusable } from '../../domain/errors.ts';
import { CLIENT_NAME, KEY_TAG } from './connection.ts';

/** One key as the server dumps it. Of several copies of a key the last one holds. */
export interface CopiedKey {
  readonly key: string;
  /** Base64 of the server's own form; null: the key is gone. */
  readonly dump: string | null;
  /** When it expires, ms since the epoch; 0: never. */
  readonly expiresAt: number;
}

const AT_ONCE = 500;
/** Changes that are few enough to be copied while writers wait: some milliseconds. */
const FEW = 200;
const ROUNDS_MAX = 20;
const PAUSE_MS = 1500;

/**
 * Copies every record at one moment, while others go on writing: all keys first, then, again and again, those that changed
 * meanwhile; the last few while writes wait (far shorter than a user's patience, and never longer than 1.5 s).
 * @param write takes the copies in order
 * @throws StoreUnavailable, StoreUnusable when the server does not allow it
 */
export async function copyRecords(
  url: string,
  write: (copies: readonly CopiedKey[]) => Promise<void>,
): Promise<void> {
  await withClients(url, async (client, listener) => {
    const changed = await watchChanges(client, listener);
    for await (const keys of allKeys(client)) await write(await dump(client, keys));
    for (let round = 0; changed.size > FEW && round < ROUNDS_MAX; round += 1)
      await write(await dump(client, taken(changed)));
    await client.call('CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
    try {
      // Word of every change that was made before the pause has arrived once this is answered.
      await listener.ping();
      const last = await dump(client, taken(changed));
      await listener.ping();
      if (changed.size > 0)
        throw new StoreUnavailable(
          'Redis is written to faster than it can be copied: try again when there is less traffic',
        );
      await write(last);
    } finally {
      await client.call('CLIENT', 'UNPAUSE');
    }
  });
}

/**
 * Whether records can be brought back, asked before anything is touched.
 * @param doesReplace false: records that are there already are a fault
 * @throws StoreUnusable as restoreRecords does
 */
export const assertRestorable = (url: string, doesReplace: boolean): Promise<void> =>
  withClients(url, (client) => assertMakesRoom(client, doesReplace));

/**
 * Brings copied records back.
 * @param doesReplace false: records that are there already are a fault
 * @throws StoreUnusable when there are records already, when the program that is to lose them runs, or the server is too old
 */
export async function restoreRecords(
  url: string,
  copies: AsyncIterable<readonly CopiedKey[]>,
  doesReplace: boolean,
): Promise<void> {
  await withClients(url, async (client) => {
    await assertMakesRoom(client, doesReplace);
    if (doesReplace)
      for await (const keys of allKeys(client))
        await inOneGo(
          client,
          keys.map((key) => ['DEL', key]),
        );
    for await (const page of copies)
      await inOneGo(
        client,
        page.map(({ key, dump: bytes, expiresAt }) =>
          bytes === null
            ? ['DEL', key]
            : ['RESTORE', key, expiresAt, Buffer.from(bytes, 'base64'), 'REPLACE', 'ABSTTL'],
        ),
      );
  });
}

async function assertMakesRoom(client: Redis, doesReplace: boolean): Promise<void> {
  if (doesReplace) return assertUnused(client);
  for await (const keys of allKeys(client))
    if (keys.length > 0)
      throw new StoreUnusable(
        'This Redis holds records already: use another one, or replace them with --replace',
      );
}

/** A running program would go on with what it remembers of the records that are gone, and write it among the others. */
async function assertUnused(client: Redis): Promise<void> {
  const clients = String(await client.client('LIST')).split('\n');
  const places = clients
    .filter((line) => line.includes(` name=${CLIENT_NAME} `))
    .map((line) => / addr=(\S+)/.exec(line)?.[1] ?? 'somewhere');
  if (places.length > 0)
    throw new StoreUnusable(
      `Truthloop runs on these records (connected from ${places.join(', ')}): stop every process of it, then restore again. Nothing was replaced`,
    );
}

async function withClients(
  url: string,
  work: (client: Redis, listener: Redis) => Promise<void>,
): Promise<void> {
  const options = { protocol: 2, lazyConnect: true, maxRetriesPerRequest: 0 } as const;
  const client = new Redis(url, { ...options, retryStrategy: () => null });
  const listener = client.duplicate();
  // Each fault reaches whoever waits for the command.
  for (const one of [client, listener]) one.on('error', () => undefined);
  try {
    await Promise.all([client.connect(), listener.connect()]);
    if ((await client.info('cluster')).includes('cluster_enabled:1'))
      throw new StoreUnusable('A Redis Cluster is copied by its own means, not by this command');
    await work(client, listener);
  } catch (error) {
    if (error instanceof StoreUnusable || error instanceof StoreUnavailable) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailable(`Redis at ${new URL(url).host}: ${said}`, { cause: error });
  } finally {
    client.disconnect();
    listener.disconnect();
  }
}

/** @returns fills with the keys that anybody changes from now on */
async function watchChanges(client: Redis, listener: Redis): Promise<Set<string>> {
  const changed = new Set<string>();
  listener.on('messageBuffer', (_channel: Buffer, keys: unknown) => {
    for (const key of Array.isArray(keys) ? (keys as Buffer[]) : []) changed.add(key.toString());
  });
  const id = String(await listener.client('ID'));
  await listener.subscribe('__redis__:invalidate');
  await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', `${KEY_TAG}:`);
  return changed;
}

function taken(changed: Set<string>): string[] {
  const keys = [...changed];
  changed.clear();
  return keys;
}

/** Every key that is there all the time, at least once. */
async function* allKeys(client: Redis): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${KEY_TAG}:*`, 'COUNT', AT_ONCE);
    yield keys;
    cursor = next;
  } while (cursor !== '0');
}

async function dump(client: Redis, keys: readonly string[]): Promise<CopiedKey[]> {
  const copies: CopiedKey[] = [];
  for (let start = 0; start < keys.length; start += AT_ONCE) {
    const page = keys.slice(start, start + AT_ONCE);
    const found = await Promise.all(
      page.map((key) => Promise.all([client.dumpBuffer(key), client.pttl(key)])),
    );
    found.forEach(([bytes, left], index) => {
      copies.push({
        key: page[index] ?? '',
        dump: (bytes as Buffer | null)?.toString('base64') ?? null,
        expiresAt: left > 0 ? Date.now() + left : 0,
      });
    });
  }
  return copies;
}

async function inOneGo(
  client: Redis,
  commands: readonly (readonly (string | number | Buffer)[])[],
): Promise<void> {
  await Promise.all(
    commands.map(([name, ...values]) => client.call(String(name), ...(values as string[]))),
  );
}
