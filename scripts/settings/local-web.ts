import path from 'node:path';
import process from 'node:process';

import { withDotEnv } from '../../src/config/secrets-file.ts';

/** The environment and, below it, `.env`: where a command finds the settings of the installation in this folder. */
export const installed = (): Readonly<Record<string, string | undefined>> =>
  withDotEnv(process.env, path.resolve('.env'));

/** @returns where web of this installation answers on this machine, by WEB_PORT */
export function localWeb(): string {
  const port = installed()['WEB_PORT'] ?? '';
  return `http://127.0.0.1:${port === '' ? '5000' : port}`;
}
