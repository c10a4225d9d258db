import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

import { BOARDS, boardText } from '../../grafana/generate/boards.ts';
import { EXTERNAL_SERIES } from '../../grafana/generate/query.ts';
import { METRICS } from '../../src/domain/metrics.ts';
import { namesIn } from '../prometheus/names-in.ts';
import { type Board, EXCEPTIONS, PANEL_RULES, panelsOf, targetsOf } from './board-rules.ts';

const FOLDER = new URL('../../grafana/dashboards/', import.meta.url);
const committed = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const boardOf = (name: string): Board =>
  JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Board;

describe('Grafana boards', () => {
  it('are all there and nothing else', () => {
    assert.deepEqual(committed.sort(), Object.keys(BOARDS).sort());
  });

  for (const [name, make] of Object.entries(BOARDS)) {
    describe(name, () => {
      const board = boardOf(name);

      it('is what its source says (else: npm run dashboards)', () => {
        assert.equal(readFileSync(new URL(name, FOLDER), 'utf8'), boardText(make));
      });

      it('has a fixed uid, schema 42, no id, tags, links to the others, and cannot be edited in place', () => {
        assert.match(board.uid, /^truthloop-[a-z]+$/);
        assert.equal(board.schemaVersion, 42);
        assert.equal(board.id, undefined);
        assert.equal(board.editable, false);
        assert.deepEqual(board.tags, ['truthloop']);
        assert.equal(board.timezone, 'browser');
        assert.ok(
          board.links.some((link) => link.type === 'dashboards' && link.tags.includes('truthloop')),
        );
        assert.ok(board.description.length > 20);
      });

      it('refreshes no faster than Prometheus scrapes', () => {
        assert.ok(Number(board.refresh.replace('s', '')) >= 15);
      });

      it('chooses data source, job and instance by variables that follow the time range', () => {
        const variables = new Map(board.templating.list.map((one) => [one.name, one]));
        assert.equal(variables.get('datasource')?.type, 'datasource');
        assert.equal(variables.get('datasource')?.label, 'Data Source');
        for (const variable of variables.values()) {
          if (variable.name === 'datasource') continue;
          assert.equal(variable.datasource?.uid, '${datasource}', variable.name);
          assert.equal(variable.refresh, 2, `${variable.name} must follow the time range`);
          assert.match(variable.definition ?? '', /^label_values\(.+\)$/);
        }
        for (const variable of ['job', 'instance']) {
          assert.equal(variables.get(variable)?.multi, true);
          assert.equal(variables.get(variable)?.allValue, '.+');
        }
      });

      it('shows only series that the catalogue or a known exporter has', () => {
        const external = new Set<string>(EXTERNAL_SERIES);
        const annotated = board.annotations.list.map(({ expr }) => expr ?? '');
        for (const expr of [...targetsOf(board).map((target) => target.expr), ...annotated]) {
          for (const series of namesIn(expr)) {
            const base = series.replace(/_(bucket|sum|count)$/, '');
            assert.ok(
              series in METRICS || base in METRICS || external.has(series),
              `${series} is in no catalogue: ${expr}`,
            );
          }
        }
      });

      it('has panels with ids and titles of their own', () => {
        const panels = panelsOf(board);
        assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
        assert.equal(new Set(panels.map((panel) => panel.title)).size, panels.length);
      });

      for (const [rule, check] of Object.entries(PANEL_RULES)) {
        it(rule, () => {
          const faults = panelsOf(board)
            .filter((panel) => EXCEPTIONS[rule]?.[`${board.uid}/${panel.title}`] === undefined)
            .flatMap((panel) => check(panel).map((fault) => `${panel.title}: ${fault}`));
          assert.deepEqual(faults, []);
        });
      }
    });
  }

  it('keep no exception from the rules that nothing needs', () => {
    const boards = committed.map(boardOf);
    for (const [rule, panels] of Object.entries(EXCEPTIONS)) {
      for (const [where, reason] of Object.entries(panels)) {
        const [uid, title] = where.split('/');
        const panel = panelsOf(boards.find((one) => one.uid === uid)).find(
          (one) => one.title === title,
        );
        assert.ok(panel !== undefined, `${where} does not exist`);
        assert.ok(
          (PANEL_RULES[rule]?.(panel) ?? []).length > 0,
          `${where} needs no exception from: ${rule}`,
        );
        assert.ok(reason.length > 10);
      }
    }
  });
});

describe('Grafana provisioning', () => {
  const read = (name: string): string =>
    readFileSync(new URL(`../provisioning/${name}`, FOLDER), 'utf8');

  it('gives the data source the name and uid that boards refer to', () => {
    const text = read('datasources/prometheus.yaml');
    assert.match(text, /name: prometheus\n\s+uid: prometheus\n/);
    assert.match(text, /editable: false/);
    assert.match(text, /url: \$PROMETHEUS_URL/);
  });

  it('takes boards from files and lets nobody change them in the browser', () => {
    const text = read('dashboards/truthloop.yaml');
    assert.match(text, /allowUiUpdates: false/);
    assert.match(text, /disableDeletion: true/);
    assert.match(text, /path: \$GRAFANA_DASHBOARDS/);
  });

  it('has no alerts of its own: Prometheus is the one source', () => {
    assert.deepEqual(readdirSync(new URL('../provisioning/', FOLDER)).sort(), [
      'dashboards',
      'datasources',
    ]);
  });
});
