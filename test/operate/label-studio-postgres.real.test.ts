import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import {
  cacheFolder,
  installLabelStudio,
  labelStudioEnvironment,
  labelStudioVenv,
} from '../../scripts/start/label-studio.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { peopleOf } from '../fakes/label-studio-people.ts';
import { DATABASE_USER, postgresPrograms, startPostgres } from '../servers/postgres.ts';
import { type Server, startServer, temporaryFolder } from '../servers/server.ts';

const ACCOUNT = {
  username: 'owner@postgres.example.com',
  password: 'of-a-test',
  token: 'of-a-test',
};
const CONFIG =
  '<View><Text name="t" value="$text"/><Choices name="class" toName="t"><Choice value="red"/></Choices></View>';

describe("the lines for Label Studio's PostgreSQL in docs/operations.md", function () {
  this.timeout(600_000);
  const started: Server[] = [];
  const keep = (server: Server): Server => {
    started.push(server);
    return server;
  };
  let postgres: Server;
  let labelStudio: Server;
  const folder = temporaryFolder('label-studio-postgres');

  before(async () => {
    await installLabelStudio({
      env: process.env,
      logFile: path.join(cacheFolder(process.env), 'label-studio-install.log'),
    });
    postgres = keep(await startPostgres());
    labelStudio = keep(await startOn(postgres));
  });

  after(async () => {
    for (const server of started.reverse()) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('copy it whole while it runs, and bring back what was deleted since', async () => {
    const people = peopleOf(labelStudio.url, ACCOUNT.token);
    const project = await people.makeProject({ title: 'To be copied', label_config: CONFIG });
    const [task = 0] = await people.importTasks(project, [{ text: 'x' }]);
    const annotation = await people.annotate(task, ['red']);
    run('pg_dump', postgres, folder);
    await people.removeProject(project);
    await labelStudio.stop();
    run('pg_restore', postgres, folder);
    labelStudio = keep(await startOn(postgres));
    const answer = await fetch(`${labelStudio.url}/api/tasks/${task}/annotations/`, {
      headers: { Authorization: `Token ${ACCOUNT.token}` },
    });
    const [kept] = (await answer.json()) as { readonly id: number }[];
    assert.equal(kept?.id, annotation);
  });
});

/** The line of the page with this program, without the container that it runs in there. */
function run(program: 'pg_dump' | 'pg_restore', { port }: Server, cwd: string): void {
  const page = readFileSync('docs/operations.md', 'utf8');
  const [, line = ''] =
    new RegExp(
      `^docker compose -f compose/compose\\.yaml exec -T label-studio-db (${program} .*)$`,
      'm',
    ).exec(page) ?? [];
  assert.notEqual(line, '');
  execFileSync('sh', ['-c', `${postgresPrograms()}/${line}`], {
    cwd,
    env: { ...process.env, PGHOST: '127.0.0.1', PGPORT: String(port) },
  });
}

/** Label Studio as compose runs it: over PostgreSQL. */
async function startOn(postgres: Server): Promise<Server> {
  const home = temporaryFolder('label-studio-on-postgres');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    name: 'Label Studio',
    command: path.join(labelStudioVenv(process.env), 'bin', 'label-studio'),
    args: ['start', '--no-browser', '--internal-host', '127.0.0.1', '--port', String(port)],
    env: {
      ...labelStudioEnvironment(process.env, home, ACCOUNT),
      DJANGO_DB: 'default',
      POSTGRE_HOST: '127.0.0.1',
      POSTGRE_PORT: String(postgres.port),
      POSTGRE_NAME: DATABASE_USER,
      POSTGRE_USER: DATABASE_USER,
    },
    folder: home,
    url,
    port,
    timeoutMs: 400_000,
    howToInstall: 'run npm run test:all again',
    isReady: () => answers(`${url}/health`),
  });
}
