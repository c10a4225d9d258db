import { StoreUnusable } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Connection } from './connection.ts';

/** What a write must find, or it may be lost although it was acknowledged. */
const NEEDED = [
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['maxmemory-policy', 'noeviction'],
] as const;

/**
 * Looks at the server's settings: one that may forget what it acknowledged is refused.
 * @param isRequired false: it is used all the same, with a warning
 * @throws StoreUnusable naming each setting, or that the settings can't be seen
 */
export async function assertDurable(
  connection: Connection,
  isRequired: boolean,
  log: Log | undefined,
): Promise<void> {
  const faults = await Promise.all(
    NEEDED.map(async ([name, wanted]) => {
      const found = await settingOf(connection, name);
      return found === wanted
        ? []
        : [`${name} is ${found ?? 'not shown by the server'}, expected ${wanted}`];
    }),
  );
  const said = faults.flat().join('; ');
  if (said === '') return;
  if (isRequired)
    throw new StoreUnusable(
      `Redis at ${connection.place} may lose what it acknowledged: ${said}. Change its settings, or accept that with REDIS_DURABILITY=warn`,
    );
  log?.warn({ redis: connection.place, faults: faults.flat() }, 'redis may lose records');
}

async function settingOf(connection: Connection, name: string): Promise<string | null> {
  try {
    const [, value] = (await connection.call('CONFIG', 'GET', name)) as string[];
    return value ?? null;
  } catch {
    // Many hosted servers hide their settings.
    return null;
  }
}
