#!/usr/bin/env node
// Needs nothing installed: Node 22.18 and newer also run it as `node scripts/secrets.ts`.
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { type MadeSecrets, makeComposeSecrets } from './secrets/compose-secrets.ts';
import { nextSteps } from './secrets/next-steps.ts';

const HELP = `npm run secrets -- [--domain HOST_NAME] [--folder DIR]

Makes compose/.env and compose/secrets/, or what is missing of them, and says how to start the containers. What is there
already is never changed.

  --domain HOST_NAME   others reach it by this name, with TLS: photos.example.org
  --folder DIR         instead of compose/
`;
const HOST_NAME = /^(?=.{4,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d][a-z\d-]*[a-z\d]$/i;

function main(): void {
  const { values } = parseArgs({
    options: {
      domain: { type: 'string' },
      folder: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const domain = values.domain ?? null;
  if (domain !== null && !HOST_NAME.test(domain)) {
    throw new Error(
      `--domain ${domain}: expected a host name without https:// and without a path, for instance photos.example.org`,
    );
  }
  const folder = values.folder ?? path.resolve(import.meta.dirname, '../compose');
  const secrets = makeComposeSecrets(folder, domain, say);
  say(summary(secrets));
  say(nextSteps(secrets.values, { user: os.userInfo().username, host: os.hostname() }));
}

const summary = ({ file, made }: MadeSecrets): string =>
  made.length === 0
    ? `${file} has everything already; nothing was changed.`
    : `${file}: made ${made.length} values (mode 0600). Keep a copy in a safe place.`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
