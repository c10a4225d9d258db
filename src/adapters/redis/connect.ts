import { Cluster, Redis } from 'ioredis';

import { StoreUnavailable, StoreUnusable } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import { CLIENT_NAME, Connection } from './connection.ts';

/** The oldest server that knows every command used (ZADD LT and GT). */
const REDIS_MIN = [6, 2] as const;

/** Faults are told at once and never repeated blindly: the caller knows what is safe to repeat. */
const optionsOf = (timeoutMs: number) =>
  ({
    protocol: 2,
    connectionName: CLIENT_NAME,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    // A connection that went silent never ends by itself (a firewall forgot it): it is given up, and a new one made.
    socketTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  }) as const;

const retryStrategy = (times: number): number => Math.min(100 * 2 ** Math.min(times, 5), 2000);

/**
 * Connects, as a client of a cluster where the server is part of one.
 * @param timeoutMs longest wait for one answer
 * @throws StoreUnavailable, StoreUnusable (too old)
 */
export async function connect(
  url: string,
  timeoutMs: number,
  log: Log | undefined,
): Promise<Connection> {
  const place = new URL(url).host;
  const single = new Redis(url, { ...optionsOf(timeoutMs), retryStrategy, lazyConnect: true });
  watch(single, place, log);
  try {
    await single.connect();
    const info = await single.info();
    assertVersion(info, place);
    if (!info.includes('cluster_enabled:1')) return new Connection(single, place, timeoutMs);
  } catch (error) {
    single.disconnect();
    if (error instanceof StoreUnusable) throw error;
    throw new StoreUnavailable(
      `Redis at ${place} does not answer: ${error instanceof Error ? error.message : String(error)}. Check REDIS_URL and that it runs`,
      { cause: error },
    );
  }
  single.disconnect();
  return new Connection(clusterOf(url, timeoutMs, place, log), place, timeoutMs);
}

function clusterOf(url: string, timeoutMs: number, place: string, log: Log | undefined): Cluster {
  const { username, password, protocol } = new URL(url);
  const cluster = new Cluster([url], {
    clusterRetryStrategy: retryStrategy,
    redisOptions: {
      ...optionsOf(timeoutMs),
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    },
  });
  watch(cluster, place, log);
  return cluster;
}

/** One warning when the connection is lost, and one line when it is back. */
function watch(client: Redis | Cluster, place: string, log: Log | undefined): void {
  let isLost = false;
  client.on('error', (error: Error) => {
    if (!isLost) log?.warn({ redis: place, error: error.message }, 'redis connection lost');
    isLost = true;
  });
  client.on('ready', () => {
    if (isLost) log?.info({ redis: place }, 'redis connection back');
    isLost = false;
  });
}

function assertVersion(info: string, place: string): void {
  const [, major = '0', minor = '0'] = /redis_version:(\d+)\.(\d+)/.exec(info) ?? [];
  const [neededMajor, neededMinor] = REDIS_MIN;
  const isEnough =
    Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor);
  if (!isEnough)
    throw new StoreUnusable(
      `Redis at ${place} is ${major}.${minor}; expected ${REDIS_MIN.join('.')} or newer`,
    );
}
