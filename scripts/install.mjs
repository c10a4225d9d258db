#!/usr/bin/env node
// Installs the npm packages when they are missing or the lockfile changed; otherwise takes milliseconds.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensurePackages } from './start/packages.mjs';
import { exitOnSignals } from './start/process.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const logFile = path.join(os.tmpdir(), `truthloop-npm-ci-${process.pid}.log`);
exitOnSignals();
try {
  const outcome = await ensurePackages({ root, env: process.env, logFile });
  if (outcome === 'installed') console.log('npm packages installed');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
