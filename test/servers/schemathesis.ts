import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { cacheFolder } from '../../scripts/start/label-studio.mjs';
import { ensureVenv } from '../../scripts/start/venv.mjs';
import { writeText } from './server.ts';

const REQUIREMENTS = path.join(import.meta.dirname, 'schemathesis-requirements.txt');
/** No 5xx, no status, header, media type or body that the document does not tell. */
const CHECKS = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance'],
  ...['response_headers_conformance', 'response_schema_conformance'],
];

export interface SchemathesisRun {
  readonly folder: string;
  /** Where the server is; its document is at /openapi.json. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Values of parameters that it could not guess, such as `path.id`. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/** Makes requests of every operation in an OpenAPI document, valid ones and others, and holds the answers to it. */
export async function runSchemathesis(
  run: SchemathesisRun,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const venv = path.join(cacheFolder(process.env), 'schemathesis');
  await ensureVenv({
    folder: venv,
    key: createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex'),
    requirements: ['-r', REQUIREMENTS],
    logFile: path.join(run.folder, 'pip.log'),
    env: process.env,
  });
  const parameters = Object.entries(run.parameters ?? {}).map(
    ([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`,
  );
  const config = writeText(
    run.folder,
    'schemathesis.toml',
    `[parameters]\n${parameters.join('\n')}\n`,
  );
  const { status, stdout, stderr } = spawnSync(
    path.join(venv, 'bin', 'st'),
    [
      ...['--config-file', config, 'run', `${run.url}/openapi.json`],
      ...['--checks', CHECKS.join(','), '--phases', 'examples,coverage,fuzzing'],
      ...['--max-time', String(run.seconds), '--max-examples', '30', '--seed', '7'],
      ...['--warnings', 'off', '--no-shrink', '--request-timeout', '30'],
      ...Object.entries(run.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ],
    { cwd: run.folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return { code: status, output: `${stdout}\n${stderr}` };
}
