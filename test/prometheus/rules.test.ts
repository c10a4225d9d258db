import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

import { parse } from 'yaml';

import { BOARDS } from '../../grafana/generate/boards.ts';
import { EXTERNAL_SERIES } from '../../grafana/generate/query.ts';
import { sloRules } from '../../scripts/slo-rules.ts';
import { METRICS } from '../../src/domain/metrics.ts';
import { namesIn } from './names-in.ts';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface TestGroup {
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[];
  }[];
}

const ROOT = new URL('../../', import.meta.url);
const yamlOf = (path: string): unknown => parse(readFileSync(new URL(path, ROOT), 'utf8'));
const filesIn = (folder: string): string[] =>
  readdirSync(new URL(folder, ROOT))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => `${folder}${name}`);

const rules = filesIn('prometheus/rules/').flatMap((path) =>
  (yamlOf(path) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const cases = filesIn('prometheus/tests/').flatMap(
  (path) => (yamlOf(path) as { tests: TestGroup[] }).tests,
);
const alertNames = [...new Set(alerts.map((rule) => rule.alert ?? ''))];
const recorded = new Set(rules.flatMap((rule) => (rule.record === undefined ? [] : [rule.record])));

const headings = new Set(
  readFileSync(new URL('docs/runbook.md', ROOT), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map((line) =>
      line
        .replace(/^#+\s*/, '')
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
);

describe('Prometheus rules', () => {
  it('slo.yml is what its generator says (else: npm run slo:rules)', async () => {
    const committed = readFileSync(new URL('prometheus/rules/slo.yml', ROOT), 'utf8');
    assert.equal(committed, await sloRules());
  });

  it('ask only for series that the catalogue, Prometheus or another rule has', () => {
    const external = new Set<string>(EXTERNAL_SERIES);
    for (const { expr, alert, record } of rules) {
      for (const name of namesIn(expr)) {
        const base = name.replace(/_(bucket|sum|count)$/, '');
        const isKnown =
          name in METRICS || base in METRICS || external.has(name) || recorded.has(name);
        assert.ok(isKnown, `${alert ?? record ?? ''} asks for ${name}, which nothing exposes`);
      }
    }
  });

  it('record under level:metric:operations', () => {
    for (const name of recorded) {
      assert.match(name, /^([a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+|sloth_slo_info)$/i);
      assert.doesNotMatch(name, /_total:/, `${name}: strip _total`);
    }
  });
});

describe('Alerts', () => {
  for (const name of alertNames) {
    describe(name, () => {
      const own = alerts.filter((rule) => rule.alert === name);

      it('says what is wrong, where to look and what to do', () => {
        for (const { annotations = {}, labels = {} } of own) {
          assert.match(name, /^([A-Z][a-z]+)+$/);
          assert.match(labels['severity'] ?? '', /^(page|ticket)$/);
          for (const key of ['summary', 'description', 'dashboard_url', 'runbook_url']) {
            assert.ok(annotations[key], `${name} has no ${key}`);
          }
        }
      });

      it('waits for at least two scrapes', () => {
        for (const rule of own) {
          const [, amount = '0', unit = ''] = /^(\d+)([smh])$/.exec(rule.for ?? '') ?? [];
          assert.ok(Number(amount) * ({ s: 1, m: 60, h: 3600 }[unit] ?? 0) >= 30, rule.for);
        }
      });

      it('leads to a board and to a runbook entry that exist', () => {
        const boards = Object.values(BOARDS).map((make) => make().uid);
        for (const { annotations = {} } of own) {
          assert.ok(boards.includes(annotations['dashboard_url']?.split('/d/')[1] ?? ''));
          const [file, anchor = ''] = (annotations['runbook_url'] ?? '').split('#');
          assert.equal(file, 'docs/runbook.md');
          assert.ok(headings.has(anchor), `docs/runbook.md has no heading for #${anchor}`);
        }
      });

      it('is tested with promtool: once firing with each severity, once silent, once with series absent', () => {
        const tests = cases.filter((test) =>
          test.alert_rule_test.some((one) => one.alertname === name),
        );
        const fired = tests.flatMap((test) =>
          test.alert_rule_test.flatMap((one) => one.exp_alerts),
        );
        const asked = new Set(own.flatMap((rule) => asksFor(rule.expr)));
        const given = (test: TestGroup): Set<string> =>
          new Set(test.input_series.map(({ series }) => series.replace(/\{.*/, '')));
        for (const severity of new Set(own.map((rule) => rule.labels?.['severity']))) {
          assert.ok(
            fired.some((alert) => alert.exp_labels['severity'] === severity),
            `${name} has no case in which it fires as ${severity}`,
          );
        }
        const silent = tests.filter((test) =>
          test.alert_rule_test.every((one) => one.exp_alerts.length === 0),
        );
        const hasAll = (test: TestGroup): boolean =>
          [...asked].every((one) => given(test).has(one));
        assert.ok(silent.some(hasAll), `${name} has no case in which it is silent with its series`);
        assert.ok(
          tests.some((test) => !hasAll(test)),
          `${name} has no case in which a series is absent`,
        );
      });
    });
  }
});

/** The raw series behind an expression, through recorded ones. */
function asksFor(expr: string): string[] {
  return namesIn(expr).flatMap((name) => {
    const recordings = rules.filter((rule) => rule.record === name);
    return recordings.length === 0
      ? [name]
      : recordings.filter((rule) => sameSlo(rule, expr)).flatMap((rule) => asksFor(rule.expr));
  });
}

/** Sloth's records share their names: the label says whose they are. */
function sameSlo(rule: Rule, expr: string): boolean {
  const id = rule.labels?.['sloth_id'];
  return id === undefined || expr.includes(`"${id}"`);
}
