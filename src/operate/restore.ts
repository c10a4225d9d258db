import { createReadStream, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseEnv } from 'node:util';

import { openDiskObjects } from '../adapters/disk/open-disk-objects.ts';
import {
  assertRestorable,
  type CopiedKey,
  restoreRecords,
} from '../adapters/redis/copy-records.ts';
import { assertUnused, assertWhole, restoreDatabase } from '../adapters/sqlite/copy-database.ts';
import { createLog } from '../adapters/system/create-log.ts';
import { dataDirOf } from '../config/data-dir.ts';
import type { Config } from '../config/parse-config.ts';
import { databasePath, openObjects, openRecords } from '../wire/records.ts';
import { type About, checkBackup, NAMES } from './backup-folder.ts';
import {
  type Command,
  CommandFailed,
  readArgs,
  readConfig,
  type Surroundings,
  UsageWrong,
} from './command.ts';
import { copyObjects } from './copy-objects.ts';

const LINES_AT_ONCE = 500;

export const restore: Command = {
  help: `npm run restore -- FOLDER [--replace]

Brings a backup back: records, images and secrets.env, after each file was compared with its sum. The service must be stopped.
Images go to the object store that is set now, records to a store of the same kind as they came from.

  --replace   records and secrets that are there already make room: files are moved aside, keys in Redis are deleted
`,
  async run(args, around) {
    const { values, positionals } = readArgs(args, { replace: { type: 'boolean' } });
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0)
      throw new UsageWrong('Say which backup: one folder.');
    around.say('comparing the files with their sums ...');
    const about = await checkBackup(folder);
    const aside = values.replace === true ? `replaced-${Date.now()}` : null;
    const config = await bringSecrets(folder, around, about, aside);
    const images = await bringObjects(config, folder, around.say);
    around.say('bringing the records back ...');
    await bringStore(config, folder, aside, around.say);
    // Opens as the program does: form, sampling key, images' place.
    await (await openRecords(config, createLog('silent'))).close();
    around.print(
      `Restored the backup of ${about.madeAt}: records, ${images} images and secrets. Start the service; its first run compares with Label Studio.`,
    );
  },
};

/**
 * The backup's sampling key is the one that the settings lead to, or nothing is touched: with another one its records would
 * be worthless.
 */
async function bringSecrets(
  folder: string,
  around: Surroundings,
  about: About,
  aside: string | null,
): Promise<Config> {
  const kept = path.join(folder, NAMES.secrets);
  const own = path.join(dataDirOf(around.env), NAMES.secrets);
  const backedUp = parseEnv(await readFile(kept, 'utf8'));
  const set = around.env['SAMPLING_KEY'] ?? '';
  const there = existsSync(own)
    ? (parseEnv(await readFile(own, 'utf8'))['SAMPLING_KEY'] ?? '')
    : '';
  const key = set === '' ? there : set;
  const isOther = key !== '' && key !== backedUp['SAMPLING_KEY'];
  if (isOther && (set !== '' || aside === null))
    throw new CommandFailed(
      `${set === '' ? own : 'The environment'} has another SAMPLING_KEY than the backup: its records would be worthless with it. ${set === '' ? 'Choose another DATA_DIR, or have the file moved aside with --replace.' : `Set the one of ${kept}.`}`,
    );
  const config = readConfig({
    ...around,
    env: { ...around.env, ...missingIn(around, backedUp) },
  });
  if (config.STORE !== about.store)
    throw new CommandFailed(
      `This is a backup of STORE=${about.store}; STORE=${config.STORE} is set. Records can't change their store: set STORE=${about.store}.`,
    );
  if (config.STORE === 'sqlite' && aside === null && existsSync(databasePath(config)))
    throw new CommandFailed(
      `${databasePath(config)} is there already: choose another DATA_DIR, or have it moved aside with --replace.`,
    );
  await assertMakesRoom(config, aside);
  await placeSecrets(kept, own, isOther, aside, around.say);
  return config;
}

/** Asked before the first file moves: a refused restore leaves secrets and images as they are. */
async function assertMakesRoom(config: Config, aside: string | null): Promise<void> {
  if (config.STORE === 'redis' && config.REDIS_URL !== undefined)
    await assertRestorable(config.REDIS_URL, aside !== null);
  else assertUnused(databasePath(config));
}

/** So that reading the settings makes no secrets of its own. */
const missingIn = (
  { env }: Surroundings,
  secrets: ReturnType<typeof parseEnv>,
): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(secrets).filter(([name]) => env[name] === undefined || env[name] === ''),
  );

async function placeSecrets(
  kept: string,
  own: string,
  isOther: boolean,
  aside: string | null,
  say: (text: string) => void,
): Promise<void> {
  if (existsSync(own) && !isOther) return;
  await mkdir(path.dirname(own), { recursive: true, mode: 0o700 });
  if (existsSync(own)) {
    await rename(own, `${own}.${aside ?? ''}`);
    say(`${own} was moved to ${own}.${aside ?? ''}`);
  }
  await copyFile(kept, own);
  await chmod(own, 0o600);
}

async function bringObjects(
  config: Config,
  folder: string,
  say: (text: string) => void,
): Promise<number> {
  const from = await openDiskObjects({ dir: path.join(folder, NAMES.objects) });
  const to = await openObjects(config);
  try {
    return await copyObjects(from, to, say);
  } finally {
    await from.close();
    await to.close();
  }
}

async function bringStore(
  config: Config,
  folder: string,
  aside: string | null,
  say: (text: string) => void,
): Promise<void> {
  if (config.STORE === 'redis' && config.REDIS_URL !== undefined)
    return restoreRecords(config.REDIS_URL, copiesIn(folder), aside !== null);
  const copy = path.join(folder, NAMES.database);
  assertWhole(copy);
  for (const moved of await restoreDatabase(copy, databasePath(config), aside))
    say(`what was there is ${moved} now`);
}

async function* copiesIn(folder: string): AsyncGenerator<CopiedKey[]> {
  const lines = createInterface({ input: createReadStream(path.join(folder, NAMES.dump)) });
  let page: CopiedKey[] = [];
  for await (const line of lines) {
    page.push(JSON.parse(line) as CopiedKey);
    if (page.length < LINES_AT_ONCE) continue;
    yield page;
    page = [];
  }
  yield page;
}
