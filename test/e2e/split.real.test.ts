import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { freePort } from '../../scripts/start/ports.mjs';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { peopleOf } from '../fakes/label-studio-people.ts';
import { startBalancer } from '../servers/balancer.ts';
import { type LabelStudioServer } from '../servers/label-studio.ts';
import { startMinio } from '../servers/minio.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { startRedis } from '../servers/redis.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';

const PREFIX = 'Split';
const PHOTO = readFileSync(new URL('../golden/preprocessing/rice.jpg', import.meta.url));
const UPLOADS = 8;

interface Answer {
  readonly id: string;
  readonly prediction: string;
  readonly image_url: string;
}

describe('roles as processes of their own, two of each, over one Redis and one S3', function () {
  this.timeout(300_000);
  const stops: (() => Promise<void>)[] = [];
  let labelStudio: LabelStudioServer;
  let publicUrl: string;
  let opsKey: string;
  let webs: readonly Product[];
  let classifiers: readonly Product[];
  let syncs: readonly Product[];
  let answers: readonly Answer[];

  before(async () => {
    const keep = async <T extends { stop: () => Promise<void> }>(made: Promise<T>): Promise<T> => {
      const server = await made;
      stops.push(server.stop);
      return server;
    };
    labelStudio = await sharedLabelStudio();
    const [redis, s3] = await Promise.all([keep(startRedis()), keep(startMinio())]);
    const [webPort, classifierPort] = [await freePort(), await freePort()];
    publicUrl = `http://127.0.0.1:${webPort}`;
    const secrets = Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)]));
    opsKey = secrets['OPS_KEY'] ?? '';
    const shared = {
      ...secrets,
      ...{ STORE: 'redis', REDIS_URL: redis.url, OBJECTS: 's3', S3_ENDPOINT: s3.url },
      ...{ S3_BUCKET: 'truthloop', AWS_ACCESS_KEY_ID: s3.accessKeyId },
      ...{ AWS_SECRET_ACCESS_KEY: s3.secretAccessKey, LABEL_STUDIO_URL: labelStudio.url },
      ...{ LABEL_STUDIO_TOKEN: labelStudio.token, PROJECT_PREFIX: PREFIX, PUBLIC_URL: publicUrl },
      ...{ CLASSIFIER_URL: `http://127.0.0.1:${classifierPort}`, TRUST_PROXY: '1' },
      ...{ PUSH_DELAY_SECONDS: '0', SYNC_CRON: '*/2 * * * * *', CLASSIFIER_WORKERS: '1' },
    };
    const two = (role: string): Promise<readonly Product[]> =>
      Promise.all([0, 1].map(() => keep(startProduct({ ...shared, ROLES: role }))));
    classifiers = await two('classifier');
    await keep(
      startBalancer(
        classifiers.map((one) => one.classifierUrl),
        classifierPort,
      ),
    );
    webs = await two('web');
    await keep(
      startBalancer(
        webs.map((one) => one.webUrl),
        webPort,
      ),
    );
    syncs = await two('sync');
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const ops = (): Record<string, string> => ({ Authorization: `Bearer ${opsKey}` });

  async function ask<T>(url: string, init: RequestInit = {}): Promise<T> {
    const answer = await fetch(url, init);
    assert.ok(answer.ok, `${init.method ?? 'GET'} ${url}: ${answer.status}`);
    return (await answer.json()) as T;
  }

  function upload(): Promise<Answer> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(PHOTO)]), 'photo.jpg');
    const headers = { Accept: 'application/json' };
    return ask<Answer>(`${publicUrl}/predict`, { method: 'POST', body: form, headers });
  }

  /** How often a process answered a route with a 2xx. */
  async function answered(metricsUrl: string, handler: string): Promise<number> {
    const text = await (await fetch(metricsUrl, { headers: ops() })).text();
    const line = `http_requests_total{handler="${handler}",method="POST",status="2xx"} `;
    return Number(
      text
        .split('\n')
        .find((one) => one.startsWith(line))
        ?.slice(line.length),
    );
  }

  /** Prediction ids of all tasks in our projects, one entry a task. */
  async function tasks(): Promise<readonly { readonly id: number; readonly of: string }[]> {
    const headers = { Authorization: `Token ${labelStudio.token}` };
    const { results } = await ask<{ results: { id: number; title: string }[] }>(
      `${labelStudio.url}/api/projects?page_size=100`,
      { headers },
    );
    const lists = results
      .filter(({ title }) => title.startsWith(`${PREFIX} `))
      .map(({ id }) =>
        ask<{ tasks: { id: number; data: { prediction_id: string } }[] }>(
          `${labelStudio.url}/api/tasks?project=${id}&page_size=100`,
          { headers },
        ),
      );
    return (await Promise.all(lists)).flatMap((list) =>
      list.tasks.map(({ id, data }) => ({ id, of: data.prediction_id })),
    );
  }

  async function until<T>(look: () => Promise<T>, isGood: (seen: T) => boolean): Promise<T> {
    for (;;) {
      const seen = await look();
      if (isGood(seen)) return seen;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  it('share the work: each web and each classifier answers', async () => {
    answers = await Promise.all(Array.from({ length: UPLOADS }, upload));
    assert.equal(new Set(answers.map(({ id }) => id)).size, UPLOADS);
    for (const web of webs) assert.ok((await answered(`${web.webUrl}/metrics`, '/predict')) > 0);
    for (const classifier of classifiers)
      assert.ok((await answered(`${classifier.classifierUrl}/metrics`, '/predict')) > 0);
  });

  it('share the records: what one web took, the other one shows, serves and takes feedback on', async () => {
    const [first] = answers;
    assert.ok(first !== undefined);
    const [one, other] = webs;
    await ask(`${one?.webUrl ?? ''}/flag/${first.id}`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
    });
    const record = await ask<{ is_disputed: boolean }>(
      `${other?.webUrl ?? ''}/api/predictions/${first.id}`,
      { headers: ops() },
    );
    assert.equal(record.is_disputed, true);
    const { pathname, search } = new URL(first.image_url, publicUrl);
    const pictures = await Promise.all(
      webs.map(async ({ webUrl }) => (await fetch(`${webUrl}${pathname}${search}`)).arrayBuffer()),
    );
    assert.ok((pictures[0]?.byteLength ?? 0) > 1000);
    assert.deepEqual(pictures[0], pictures[1]);
  });

  it('take turns: two syncs make one task of each prediction', async () => {
    const made = await until(tasks, (seen) => seen.length >= UPLOADS);
    assert.deepEqual(made.map((task) => task.of).sort(), answers.map(({ id }) => id).sort());
  });

  it('stand in for each other: one sync is killed, the other counts the labels, every web tells the same', async () => {
    process.kill(-(syncs[0]?.process.pid ?? 0), 'SIGKILL');
    const open = await tasks();
    const people = peopleOf(labelStudio.url, labelStudio.token);
    for (const task of open) await people.annotate(task.id, [answers[0]?.prediction ?? '']);
    const told = await until(
      () =>
        Promise.all(
          webs.map(({ webUrl }) =>
            ask<{ estimates: { labels: number; accuracy: number }[] }>(
              `${webUrl}/api/accuracy?window=1d`,
              { headers: ops() },
            ),
          ),
        ),
      (seen) => seen.every(({ estimates }) => estimates[0]?.labels === UPLOADS),
    );
    assert.deepEqual(
      told.map(({ estimates }) => estimates[0]?.accuracy),
      [1, 1],
    );
    assert.equal((await tasks()).length, UPLOADS, 'and made no task twice');
  });
});
