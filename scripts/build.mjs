#!/usr/bin/env node
// `npm run build`: src/ -> dist/, whether or not anything changed.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from './start/build.mjs';
import { exitOnSignals } from './start/process.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
exitOnSignals();
try {
  await build({
    root,
    env: process.env,
    logFile: path.join(os.tmpdir(), `truthloop-build-${process.pid}.log`),
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
