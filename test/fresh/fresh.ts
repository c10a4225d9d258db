// `npm run test:fresh`: what a stranger does with the repository, from the clone to the first label that counts.
// The packages and Label Studio's environment may come from the caches of this machine; FRESH_CACHE=none does without.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';

import sharp from 'sharp';

import { freePort, tryPort } from '../../scripts/start/ports.mjs';
import { type NpmStart, npmStart } from './npm-start.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const MINUTE = 60_000;
const PORT_SETTINGS = [
  'WEB_PORT',
  'CLASSIFIER_PORT',
  'SYNC_PORT',
  'LABEL_STUDIO_PORT',
  'PROMETHEUS_PORT',
  'GRAFANA_PORT',
] as const;

interface Task {
  readonly id: number;
  readonly data: { readonly image: string; readonly prediction_id: string };
}

describe('a fresh clone', function () {
  this.timeout(25 * MINUTE);
  let workshop: string;
  let clone: string;
  let running: NpmStart | null = null;

  before(() => {
    workshop = mkdtempSync(path.join(os.tmpdir(), 'truthloop-fresh-'));
    clone = path.join(workshop, 'truthloop');
    execFileSync('git', ['clone', '--quiet', ROOT, clone]);
  });
  afterEach(async () => {
    await running?.end();
  });
  after(() => {
    rmSync(workshop, { recursive: true, force: true, maxRetries: 5 });
  });

  it('npm start brings up the whole loop: a photo goes in, a person labels it, the label counts, nothing stays', async () => {
    const ports = Object.fromEntries(
      await Promise.all(PORT_SETTINGS.map(async (name) => [name, await freePort()] as const)),
    );
    const env = environment(ports);
    running = npmStart(clone, env);
    await running.ready;
    const web = `http://127.0.0.1:${String(ports['WEB_PORT'])}`;
    const secrets = parseEnv(readFileSync(path.join(clone, 'data', 'secrets.env'), 'utf8'));
    const labelStudio = labelStudioClient(
      `http://127.0.0.1:${String(ports['LABEL_STUDIO_PORT'])}`,
      secrets['LABEL_STUDIO_TOKEN'] ?? '',
    );

    const id = await upload(web);
    step(`uploaded a photo: prediction ${id}`);
    const task = await eventually('its task in Label Studio', () => labelStudio.findTask(id));
    assert.deepEqual(Object.keys(task.data).sort(), ['image', 'prediction_id']);
    const picture = await fetch(task.data.image);
    assert.equal(picture.status, 200);
    const { width, height } = await sharp(Buffer.from(await picture.arrayBuffer())).metadata();
    assert.deepEqual([width, height], [320, 240]);
    step(`task ${task.id} shows the photo`);
    await labelStudio.annotate(task.id);
    await eventually('the label counted in /api/accuracy', async () => {
      const { estimates } = (await getJson(`${web}/api/accuracy`)) as {
        estimates: { labels: number }[];
      };
      return estimates.some(({ labels }) => labels === 1) ? true : null;
    });
    step('the label counts');

    assert.equal(await running.end(), 0, 'npm start answers SIGTERM with a clean end');
    await assertFree(ports);
    step('stopped; every port is free');

    const again = await secondStart(env, web);
    step(`second start: web answered after ${again.toFixed(1)} s`);
    assert.ok(again < 20, `the second start took ${again.toFixed(1)} s without Label Studio`);
    await assertFree(ports);
  });

  /** Seconds until web answers, which does not wait for Label Studio. */
  async function secondStart(
    env: Readonly<Record<string, string | undefined>>,
    web: string,
  ): Promise<number> {
    const began = Date.now();
    running = npmStart(clone, env);
    let seconds = 0;
    await eventually('the second start', async () => {
      seconds = (Date.now() - began) / 1000;
      const { ok } = await fetch(`${web}/readyz`);
      return ok ? true : null;
    });
    await running.ready;
    assert.equal(await running.end(), 0);
    return seconds;
  }

  function environment(
    ports: Readonly<Record<string, number>>,
  ): Record<string, string | undefined> {
    const cache =
      process.env['FRESH_CACHE'] === 'none'
        ? { XDG_CACHE_HOME: path.join(workshop, 'cache'), LABEL_STUDIO_VENV: '' }
        : {};
    const settings = Object.entries(ports).map(([name, port]) => [name, String(port)]);
    return {
      ...withoutNpm(process.env),
      ...cache,
      ...(Object.fromEntries(settings) as Record<string, string>),
      PUSH_DELAY_SECONDS: '0',
      SYNC_CRON: '*/2 * * * * *',
    };
  }
});

/** What the npm that runs this test put there must not reach the one that is tested. */
const withoutNpm = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(npm_|INIT_CWD|NODE_OPTIONS)/.test(name)),
  );

async function upload(web: string): Promise<string> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const photo = await sharp({
    create: { width: 320, height: 240, channels: 3, background: '#a63', noise },
  })
    .jpeg()
    .toBuffer();
  const form = new FormData();
  form.set('file', new Blob([photo], { type: 'image/jpeg' }), 'a.jpg');
  const response = await fetch(`${web}/predict`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: form,
  });
  const body = await response.text();
  assert.equal(response.status, 200, body);
  const { id, prediction } = JSON.parse(body) as { id: string; prediction: string };
  assert.ok(prediction.length > 0);
  return id;
}

function labelStudioClient(
  url: string,
  token: string,
): {
  findTask: (predictionId: string) => Promise<Task | null>;
  annotate: (taskId: number) => Promise<void>;
} {
  const headers = { authorization: `Token ${token}`, 'content-type': 'application/json' };
  return {
    findTask: async (predictionId) => {
      const { results } = (await getJson(`${url}/api/projects`, headers)) as {
        results: { id: number }[];
      };
      for (const project of results) {
        const { tasks } = (await getJson(
          `${url}/api/tasks?project=${project.id}&fields=all`,
          headers,
        )) as {
          tasks: Task[];
        };
        const found = tasks.find(({ data }) => data.prediction_id === predictionId);
        if (found !== undefined) return found;
      }
      return null;
    },
    annotate: async (taskId) => {
      const choices = ['None of these'];
      const result = [
        { from_name: 'label', to_name: 'image', type: 'choices', value: { choices } },
      ];
      const response = await fetch(`${url}/api/tasks/${taskId}/annotations/`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ result }),
      });
      assert.equal(response.status, 201, await response.text());
    },
  };
}

async function getJson(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Waits for a condition for two minutes at most; what it threw last is the reason given. */
async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 2 * MINUTE;
  let reason: unknown = null;
  while (Date.now() < deadline) {
    try {
      const found = await look();
      if (found !== null) return found;
    } catch (error) {
      reason = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`waited in vain for ${what}`, { cause: reason });
}

async function assertFree(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, port] of Object.entries(ports)) {
    assert.equal(await tryPort(port, '127.0.0.1'), port, `${name} ${port} is still in use`);
  }
}

const step = (text: string): void => {
  process.stdout.write(`      ${text}\n`);
};
