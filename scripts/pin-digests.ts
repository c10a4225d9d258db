import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { pinImages } from './pin-digests/pin-images.ts';
import { createRegistry } from './pin-digests/registry.ts';
import { CommandFailed, runCommand } from './records/run-command.ts';

const HELP = `npm run pin-digests -- [--check] [--folder DIR]

Puts the digest of each image behind its tag in compose.yaml and the Dockerfile, so that a tag which somebody moves changes
nothing here. Asks the images' registries; run it again after changing a tag.

  --check        changes nothing; exit code 1 when a tag names something else by now
  --folder DIR   where the two files are (default compose/)
`;

const FILES = ['compose.yaml', 'Dockerfile'];

async function pinDigests(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, folder: { type: 'string' } },
  });
  const folder = values.folder ?? path.resolve(import.meta.dirname, '../compose');
  const digestOf = createRegistry(fetch);
  for (const name of FILES) {
    const file = path.join(folder, name);
    const before = readFileSync(file, 'utf8');
    const { text, pinned } = await pinImages(before, digestOf);
    for (const image of pinned) process.stdout.write(`${name}: ${image}\n`);
    if (text === before) continue;
    if (values.check)
      throw new CommandFailed(
        `${name} is not pinned to what the tags name now: npm run pin-digests`,
      );
    writeFileSync(file, text);
  }
}

await runCommand(HELP, pinDigests);
