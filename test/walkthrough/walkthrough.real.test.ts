import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse, stringify } from 'yaml';

import { localPrometheusConfig } from '../../scripts/start/monitoring.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { type Product, startProduct } from '../servers/product.ts';
import { startPrometheus } from '../servers/prometheus.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { pattern, stepsOf } from './page-steps.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

const [start, ...steps] = stepsOf(read('docs/walkthrough.md'));
/** Nothing on the page prints such a line. */
const MARK = '=== end of step ===';
const PREFIX = 'Walk';

describe('docs/walkthrough.md', function () {
  this.timeout(780_000);
  const stops: (() => Promise<void>)[] = [];
  let printed: string[] = [];
  let complained = '';

  before(async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'truthloop-walkthrough-'));
    stops.push(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    const replaced = await startEverything(folder);
    const script = steps.map(({ commands }) => `${commands}\necho '${MARK}'\n`).join('');
    await walk(replaced.reduce((text, [from, to]) => text.replaceAll(from, to), script));
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** What the page's first command starts, with its own settings; @returns its addresses and names, and those here. */
  async function startEverything(folder: string): Promise<readonly (readonly [string, string])[]> {
    const labelStudio = await sharedLabelStudio();
    const alertmanagerPort = await freePort();
    const product = await startProduct({
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PROJECT_PREFIX: PREFIX,
      SYNC_CRON: '*/30 * * * * *',
      DATA_DIR: folder,
      ...settingsOf(start?.commands ?? ''),
    });
    stops.push(product.stop);
    const opsKeyFile = path.join(folder, 'ops-key');
    writeFileSync(opsKeyFile, product.secret('OPS_KEY'));
    // npm start would have made this one, too.
    writeFileSync(path.join(folder, 'secrets.env'), `\nLABEL_STUDIO_TOKEN=${labelStudio.token}\n`, {
      flag: 'a',
    });
    const prometheus = await startPrometheus({
      config: prometheusConfig(product, { alertmanagerPort, opsKeyFile }),
    });
    stops.push(prometheus.stop);
    return [
      ['http://127.0.0.1:5000', product.webUrl],
      ['http://127.0.0.1:8000', product.classifierUrl],
      ['http://127.0.0.1:8081', product.syncUrl],
      ['http://127.0.0.1:8080', labelStudio.url],
      ['127.0.0.1:9093', `127.0.0.1:${alertmanagerPort}`],
      ['npm run --silent traffic --', `npm run --silent traffic -- --web ${product.webUrl}`],
      ['data/walkthrough', folder],
      ['"Food11 "', `"${PREFIX} "`],
    ];
  }

  /** NAME=value before `npm start`, but for the folder, which is this test's own. */
  const settingsOf = (command: string): Record<string, string> => {
    assert.match(command, /^DATA_DIR=data\/walkthrough .*npm start\n$/);
    return Object.fromEntries(
      [...command.matchAll(/(\w+)=(\S+)/g)]
        .map(([, name = '', value = '']) => [name, value])
        .filter(([name]) => name !== 'DATA_DIR'),
    ) as Record<string, string>;
  };

  /** As npm start makes it; only scrapes and looks more often, to wait less. */
  function prometheusConfig(
    product: Product,
    at: { alertmanagerPort: number; opsKeyFile: string },
  ): string {
    const port = (url: string): string => new URL(url).port;
    const config = localPrometheusConfig(
      parse(read('prometheus/prometheus.yml')) as Parameters<typeof localPrometheusConfig>[0],
      {
        ROLES: ['web', 'classifier', 'sync'],
        WEB_PORT: port(product.webUrl),
        CLASSIFIER_PORT: port(product.classifierUrl),
        SYNC_PORT: port(product.syncUrl),
        PROMETHEUS_PORT: '9',
        ALERTMANAGER_PORT: String(at.alertmanagerPort),
      },
      { rulesFolder: path.join(ROOT, 'prometheus'), opsKeyFile: at.opsKeyFile },
    );
    const global = { scrape_interval: '5s', evaluation_interval: '5s' };
    return stringify({
      ...config,
      global,
      scrape_configs: config.scrape_configs.filter((job) => job.job_name !== 'prometheus'),
    });
  }

  /** Runs all commands in one bash, as a person would in one terminal. */
  async function walk(script: string): Promise<void> {
    const shell = spawn('bash', ['-s'], { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
    const giveUp = setTimeout(() => shell.kill('SIGTERM'), 480_000);
    let said = '';
    shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    shell.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()));
    shell.stdin.end(`trap 'kill $(jobs -p) 2> /dev/null' EXIT\ntrap exit TERM\n${script}`);
    await once(shell, 'close');
    clearTimeout(giveUp);
    printed = said.split(`${MARK}\n`);
  }

  it('has every step followed to its end, and nothing complains', () => {
    assert.equal(printed.length - 1, steps.length, `${printed.join('\n---\n')}\n${complained}`);
    assert.equal(complained, '');
  });

  for (const [index, { heading, expected }] of steps.entries()) {
    if (expected === null) continue;
    it(`step ${index + 1}, ${heading}: prints what the page says`, () => {
      assert.match(printed[index] ?? '', pattern(expected.replaceAll('Food11 ', `${PREFIX} `)));
    });
  }
});
