import { createWriteStream, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { parseEnv } from 'node:util';

import { openDiskObjects } from '../adapters/disk/open-disk-objects.ts';
import { copyRecords } from '../adapters/redis/copy-records.ts';
import { copyDatabase } from '../adapters/sqlite/copy-database.ts';
import type { Config } from '../config/parse-config.ts';
import { SECRET_NAMES, type SecretName } from '../config/secrets.ts';
import { databasePath, openObjects } from '../wire/records.ts';
import { closeBackup, makeFolder, NAMES } from './backup-folder.ts';
import { type Command, CommandFailed, readArgs, readConfig, UsageWrong } from './command.ts';
import { copyObjects } from './copy-objects.ts';

export const backup: Command = {
  help: `npm run backup -- [FOLDER]

Copies records, images and secrets.env as they are at one moment into a new folder (default: backups/ and the time), while the
service runs. The folder holds the secrets: keep it as safe as them. Label Studio has a database of its own:
docs/operations.md.
`,
  async run(args, around) {
    const { positionals } = readArgs(args, {});
    if (positionals.length > 1) throw new UsageWrong('One folder, or none.');
    const config = readConfig(around);
    const madeAt = new Date().toISOString();
    const folder = positionals[0] ?? path.join('backups', madeAt.replaceAll(':', '-'));
    const secrets = secretsOf(config);
    await makeFolder(folder);
    await writeFile(path.join(folder, NAMES.secrets), secrets, { mode: 0o600 });
    // An image is there before its record: whatever the copied records speak of is found afterwards.
    around.say('copying the records ...');
    await copyStore(config, folder);
    const images = await saveObjects(config, folder, around.say);
    around.say('noting the sums ...');
    await closeBackup(folder, { madeAt, store: config.STORE, images });
    around.print(`${folder}: records, ${images} images and secrets.env as of ${madeAt}.`);
  },
};

async function copyStore(config: Config, folder: string): Promise<void> {
  if (config.STORE === 'redis' && config.REDIS_URL !== undefined) {
    const file = Writable.toWeb(createWriteStream(path.join(folder, NAMES.dump), { mode: 0o600 }));
    const writer = file.getWriter();
    await copyRecords(config.REDIS_URL, async (copies) => {
      const lines = copies.map((copy) => `${JSON.stringify(copy)}\n`).join('');
      if (lines !== '') await writer.write(lines);
    });
    await writer.close();
    return;
  }
  const original = databasePath(config);
  if (!existsSync(original))
    throw new CommandFailed(
      `${original} is not there: nothing was recorded in DATA_DIR=${config.DATA_DIR} yet.`,
    );
  copyDatabase(original, path.join(folder, NAMES.database));
}

async function saveObjects(
  config: Config,
  folder: string,
  say: (text: string) => void,
): Promise<number> {
  const from = await openObjects(config);
  const to = await openDiskObjects({ dir: path.join(folder, NAMES.objects) });
  try {
    return await copyObjects(from, to, say);
  } finally {
    await from.close();
    await to.close();
  }
}

/** @throws CommandFailed */
const secretsOf = (config: Config): string =>
  SECRET_NAMES.map((name) => secretLine(name, config[name])).join('');

/**
 * A secret as it is read back: within quotes a value ends at the first quote of their kind. Operators have a shell read the
 * file too, so single quotes come first, which it takes at their word, and backquotes last, which it would run.
 * @throws CommandFailed
 */
function secretLine(name: SecretName, value: string): string {
  const quotes = /^[\w@.,:+/=-]*$/.test(value) ? [''] : ["'", '"', '`'];
  const line = quotes
    .map((quote) => `${name}=${quote}${value}${quote}\n`)
    .find((text) => parseEnv(text)[name] === value);
  if (line === undefined)
    throw new CommandFailed(
      `${name} can't be written into ${NAMES.secrets} so that it is read back: it holds quotes of every kind, or a carriage return. Nothing was copied. Choose another one (docs/operations.md).`,
    );
  return line;
}
