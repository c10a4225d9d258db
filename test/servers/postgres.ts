import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { freePort } from '../../scripts/start/ports.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder } from './server.ts';

/** Where Debian keeps the programs of each version; none of them is on the path. */
const VERSIONS = '/usr/lib/postgresql';
export const DATABASE_USER = 'labelstudio';

/** A real PostgreSQL with one empty database, of a user whom it trusts: both are called `labelstudio`. */
export async function startPostgres(): Promise<Server> {
  const programs = postgresPrograms();
  const folder = temporaryFolder('postgres');
  const data = path.join(folder, 'data');
  mkdirSync(data);
  if (isRoot()) execFileSync('chown', ['-R', 'postgres:postgres', folder]);
  const run = (name: string, args: readonly string[]): void => {
    const { command, args: all } = asSomebody(path.join(programs, name), args);
    execFileSync(command, all, { cwd: folder, stdio: 'pipe' });
  };
  run('initdb', ['--pgdata', data, '--username', DATABASE_USER, '--auth', 'trust', '--no-sync']);
  const port = await freePort();
  const at = ['--host', '127.0.0.1', '--port', String(port)];
  const server = await startServer({
    name: 'PostgreSQL',
    ...asSomebody(path.join(programs, 'postgres'), [
      ...['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder],
    ]),
    folder,
    url: `postgres://${DATABASE_USER}@127.0.0.1:${port}`,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => Promise.resolve(answers(path.join(programs, 'pg_isready'), at)),
  });
  run('createdb', [...at, '--username', DATABASE_USER, DATABASE_USER]);
  return server;
}

/** The folder of `pg_dump` and the others. */
export function postgresPrograms(): string {
  const [newest] = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort().reverse() : [];
  if (newest === undefined) throw new Error(`There is no PostgreSQL: ${INSTALL_ALL}.`);
  return path.join(VERSIONS, newest, 'bin');
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** PostgreSQL does not run as root. */
const asSomebody = (
  program: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } =>
  isRoot()
    ? {
        command: 'setpriv',
        args: [
          ...['--reuid', 'postgres', '--regid', 'postgres'],
          '--clear-groups',
          program,
          ...args,
        ],
      }
    : { command: program, args };

function answers(program: string, at: readonly string[]): boolean {
  try {
    execFileSync(program, at, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
