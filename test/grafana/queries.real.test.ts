import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { parse, stringify } from 'yaml';

import { localPrometheusConfig } from '../../scripts/start/monitoring.mjs';
import { joinAsAnnotator } from '../e2e/annotator.ts';
import type { LabelStudioServer } from '../servers/label-studio.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { startPrometheus } from '../servers/prometheus.ts';
import { promql } from '../servers/promql.ts';
import type { Server } from '../servers/server.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { type Board, targetsOf } from './board-rules.ts';
import { comparisonFree } from './comparison-free.ts';
import { EMPTY_FOR_A_REASON } from './empty-for-a-reason.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHARED = path.resolve(process.env['SHARED_DIR'] ?? path.join(ROOT, '../shared'));
const read = (...parts: string[]): string => readFileSync(path.join(ROOT, ...parts), 'utf8');
const run = promisify(execFile);

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

/** Variables as a fresh board has them: everything chosen, an interval that fits a scrape a second. */
const substituted = (expr: string): string =>
  expr
    .replaceAll(/"\$(?:job|instance|model_version|handler)"/g, '".+"')
    .replaceAll('"$window"', '"7d"')
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m');

describe('Every query, on the running product and a real Prometheus', function () {
  this.timeout(300_000);
  const stops: (() => Promise<void>)[] = [];
  let prometheus: Server;
  let product: Product;

  before(async () => {
    const labelStudio = await sharedLabelStudio();
    product = await startProduct({
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PROJECT_PREFIX: 'Queries',
      PUSH_DELAY_SECONDS: '0',
      SYNC_CRON: '*/2 * * * * *',
    });
    stops.push(product.stop);
    prometheus = await startPrometheus(await scraping(product));
    stops.push(prometheus.stop);
    await drive(labelStudio);
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** Our own configuration with this installation's addresses, as npm start makes it, but impatient. */
  async function scraping(at: Product): Promise<Parameters<typeof startPrometheus>[0]> {
    const port = (url: string): string => new URL(url).port;
    const folder = mkdtempSync(path.join(tmpdir(), 'truthloop-rules-'));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const opsKeyFile = path.join(folder, 'ops-key');
    writeFileSync(opsKeyFile, at.secret('OPS_KEY'));
    for (const name of readdirSync(path.join(ROOT, 'prometheus/rules')))
      writeFileSync(path.join(folder, name), read('prometheus/rules', name));
    const config = localPrometheusConfig(
      parse(read('prometheus/prometheus.yml')) as Parameters<typeof localPrometheusConfig>[0],
      {
        ROLES: ['web', 'classifier', 'sync'],
        WEB_PORT: port(at.webUrl),
        CLASSIFIER_PORT: port(at.classifierUrl),
        SYNC_PORT: port(at.syncUrl),
        PROMETHEUS_PORT: '9',
        ALERTMANAGER_PORT: '9',
      },
      { rulesFolder: folder, opsKeyFile },
    );
    const instances = {
      ...config,
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [path.join(folder, '*.yml')],
      alerting: undefined,
      scrape_configs: config.scrape_configs
        .filter((job) => job.job_name !== 'prometheus')
        .map(named),
    };
    return Promise.resolve({ config: stringify(instances) });
  }

  /** The classifier under the instance that it has in compose, which queries elsewhere name. */
  const named = <Job extends { readonly job_name: string }>(job: Job): Job =>
    job.job_name === 'food11'
      ? {
          ...job,
          relabel_configs: [{ target_label: 'instance', replacement: 'fastapi_server:8000' }],
        }
      : job;

  /** Uploads, bad ones among them, feedback, labels by two people: a minute in the life of the product. */
  async function drive(labelStudio: LabelStudioServer): Promise<void> {
    const traffic = (pattern: string): Promise<unknown> =>
      run(process.execPath, [
        ...[
          '--import',
          'tsx',
          path.join(ROOT, 'scripts/traffic.ts'),
          '--photos',
          path.join(SHARED, 'photos'),
        ],
        ...[
          '--web',
          product.webUrl,
          '--pattern',
          pattern,
          '--step',
          '6',
          '--bad',
          '0.1',
          '--flag',
          '0.5',
        ],
      ]);
    await traffic('3,4');
    await product.sync();
    await label(labelStudio);
    await product.sync();
    await traffic('3,3');
    await product.sync();
    const answered = (): Promise<boolean> =>
      promql(prometheus.url, 'truthloop_accuracy_ratio{window="7d"}').then(
        ({ series }) => series.length > 0,
      );
    while (!(await answered())) await new Promise((resolve) => setTimeout(resolve, 500));
  }

  async function label({ url, token }: LabelStudioServer): Promise<void> {
    const people = [
      await joinAsAnnotator(url, token, 'one@queries.example.com'),
      await joinAsAnnotator(url, token, 'two@queries.example.com'),
    ];
    const headers = { Authorization: `Token ${token}` };
    const ask = async <T>(route: string): Promise<T> =>
      (await (await fetch(`${url}${route}`, { headers })).json()) as T;
    const { results } = await ask<{ results: { id: number; title: string }[] }>(
      '/api/projects?page_size=100',
    );
    for (const project of results.filter(({ title }) => title.startsWith('Queries '))) {
      const { tasks } = await ask<{ tasks: { id: number }[] }>(
        `/api/tasks?project=${project.id}&page_size=100`,
      );
      for (const [index, task] of tasks.entries()) {
        const choice = index % 3 === 0 ? 'Bread' : 'Dessert';
        await people[0]?.annotate(task.id, index % 11 === 10 ? null : [choice]);
        if (index % 2 === 0)
          await people[1]?.annotate(task.id, [index % 4 === 0 ? choice : 'Soup']);
      }
    }
  }

  const excused = new Set<string>();

  /** Faults, in words: what does not parse, and what is empty without a listed reason. */
  const emptyOnes = async (exprs: readonly string[]): Promise<string[]> => {
    const faults: string[] = [];
    for (const expr of exprs) {
      const { isParsed, error, series } = await promql(prometheus.url, substituted(expr));
      if (!isParsed) faults.push(`${expr}: ${error}`);
      else if (series.length === 0) {
        const reason = EMPTY_FOR_A_REASON.find(({ part }) => expr.includes(part));
        if (reason === undefined) faults.push(`empty: ${expr}`);
        else excused.add(reason.part);
      }
    }
    return faults;
  };

  for (const name of readdirSync(path.join(ROOT, 'grafana/dashboards'))) {
    it(`of the board ${name} gives data`, async () => {
      const board = JSON.parse(read('grafana/dashboards', name)) as Board;
      assert.deepEqual(await emptyOnes(targetsOf(board).map(({ expr }) => expr)), []);
    });
  }

  it('of every rule gives data, alerts without what they compare with', async () => {
    const rules = readdirSync(path.join(ROOT, 'prometheus/rules')).flatMap((name) =>
      (parse(read('prometheus/rules', name)) as { groups: { rules: Rule[] }[] }).groups.flatMap(
        (group) => group.rules,
      ),
    );
    const exprs = rules.flatMap(({ alert, expr }) =>
      alert === undefined ? [expr] : comparisonFree(expr),
    );
    assert.deepEqual(await emptyOnes(exprs), []);
  });

  it('made elsewhere for such a service gives data, unchanged: boards, alerts', async () => {
    const folder = path.join(SHARED, 'tutorial');
    assert.ok(existsSync(folder), `${folder} is missing: set SHARED_DIR`);
    const boards = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Board);
    const written = readFileSync(path.join(folder, 'queries.txt'), 'utf8')
      .split('\n')
      .filter(Boolean);
    const exprs = [
      ...boards.flatMap((board) => targetsOf(board).map(({ expr }) => expr)),
      ...written,
    ];
    assert.ok(exprs.length >= 25);
    assert.deepEqual(await emptyOnes(exprs), []);
  });

  after('keeps no reason for an empty answer that nothing needs', () => {
    const needless = EMPTY_FOR_A_REASON.filter(
      ({ part, isSometimes }) => isSometimes === undefined && !excused.has(part),
    );
    assert.deepEqual(needless, []);
  });
});
