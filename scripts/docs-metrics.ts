import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import * as prettier from 'prettier';

import { type MetricDefinition, METRICS } from '../src/domain/metrics.ts';

const FILE = new URL('../docs/metrics.md', import.meta.url);

const SOURCES: Readonly<Record<string, string>> = {
  classes: "the model's classes",
  handlers: 'route patterns, `none` where no route matched',
  facts: 'one value',
  estimates: 'those of the estimates shown (5 newest model versions with traffic)',
};

const INTRODUCTION = `# Metrics

Generated from \`src/domain/metrics.ts\` by \`npm run docs:metrics\`; a test compares the two, and another holds every rule and board to these names.

- Each role serves its own part at \`/metrics\`: \`job="food11"\` is the classifier, \`web\` and \`sync\` are themselves. No series stands under two jobs, but what each role measures of itself (\`http_*\`, process).
- Counters, counts and histograms are there, at 0, from the start. What is estimated is absent until it is defined, never 0.
- Labels take values from closed sets only: no ids, no file names.
- The sync's own label \`job\` (run, push, pull ...) meets Prometheus' label of that name: scraped, it is called \`exported_job\`.
- Names without the prefix \`truthloop_\` are kept as queries and boards for such services elsewhere have them. Beside these, each role serves prom-client's \`process_*\` and \`nodejs_*\` series.
- Windows are rolling, of the predictions' time. A label that comes late changes a window that Prometheus has scraped already; \`npm run export -- openmetrics\` writes the restated history.
`;

const OUTRODUCTION = `## Names that others use for the same

| here | Seldon Core | BentoML | KServe |
| --- | --- | --- | --- |
| \`http_requests_total\` | \`seldon_api_executor_server_requests_seconds_count\` | \`bentoml_service_request_total\` | |
| \`http_request_duration_seconds\` | \`seldon_api_executor_server_requests_seconds\` | \`bentoml_service_request_duration_seconds\` | |
| \`truthloop_predict_stage_duration_seconds\` | | | \`request_preprocess_seconds\`, \`request_predict_seconds\`, \`request_postprocess_seconds\` |
| \`truthloop_predict_inflight\` | | \`bentoml_service_request_in_progress\` | |
| \`truthloop_batch_size\` | | \`bentoml_service_adaptive_batch_size\` | |
`;

/** @returns docs/metrics.md as the catalogue has it now */
export async function metricsPage(): Promise<string> {
  const families: Record<string, string[]> = {};
  for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
    (families[definition.roles.join(', ')] ??= []).push(row(name, definition));
  }
  const sections = Object.entries(families).map(([roles, rows]) =>
    [
      `## Served by ${roles}`,
      '',
      '| metric | type | labels | meaning |',
      '| --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n'),
  );
  const page = [INTRODUCTION, ...sections, OUTRODUCTION].join('\n');
  const style = await prettier.resolveConfig(FILE);
  return prettier.format(page, { ...style, parser: 'markdown' });
}

function row(name: string, definition: MetricDefinition): string {
  const labels = Object.entries(definition.labels).map(
    ([label, values]) =>
      `\`${label}\`: ${typeof values === 'string' ? (SOURCES[values] ?? values) : values.join(', ')}`,
  );
  const buckets =
    definition.buckets === undefined ? '' : ` Buckets: ${definition.buckets.join(', ')}.`;
  return `| \`${name}\` | ${definition.type} | ${labels.join('; ')} | ${definition.help}${buckets} |`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = await metricsPage();
  if (!process.argv.includes('--check')) await writeFile(FILE, page);
  else if ((await readFile(FILE, 'utf8')) !== page) {
    process.stderr.write('docs/metrics.md is not what the catalogue says: npm run docs:metrics\n');
    process.exitCode = 1;
  }
}
