import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';

import { type ClassicBoard, newBoard } from './classic.ts';
import { COLOURS, DATASOURCE, type PanelBuilder } from './panels.ts';

export interface Row {
  readonly title: string;
  readonly panels: readonly PanelBuilder[];
}

export interface BoardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Which jobs the board can be about: a regular expression. */
  readonly jobs: string;
  /** How far back it looks when opened. */
  readonly from: string;
  readonly variables?: readonly dashboard.QueryVariableBuilder[];
  readonly rows: readonly Row[];
}

/** A variable that is filled from label values and follows the job. */
export function labelVariable(
  name: string,
  label: string,
  query: string,
): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .definition(query)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: 'All', value: '$__all' })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

/** A whole board with what all of them share: variables, links to each other, a mark where the model changed. */
export function board(spec: BoardSpec): ClassicBoard {
  const builder = newBoard(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['truthloop'])
    .readonly()
    .timezone('browser')
    .refresh('30s')
    .time({ from: spec.from, to: 'now' })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(
      new dashboard.DashboardLinkBuilder('Truthloop')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['truthloop'])
        .asDropdown(false)
        .includeVars(false)
        .keepTime(true),
    )
    .variables([...variablesOf(spec)])
    .annotation(modelChanges())
    .annotation(firingAlerts());
  for (const { title, panels } of spec.rows) {
    builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return withPanelIds(builder.build());
}

function variablesOf(spec: BoardSpec) {
  return [
    new dashboard.DatasourceVariableBuilder('datasource')
      .label('Data Source')
      .type('prometheus')
      .current({ selected: true, text: 'prometheus', value: 'prometheus' }),
    labelVariable('job', 'Job', `label_values(up{job=~"${spec.jobs}"}, job)`),
    labelVariable('instance', 'Instance', 'label_values(up{job=~"$job"}, instance)'),
    ...(spec.variables ?? []),
  ];
}

const annotated = (name: string, colour: string, expr: string): dashboard.AnnotationQueryBuilder =>
  new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(expr)
    .target(
      new prometheus.DataqueryBuilder().refId('Annotation').expr(expr).datasource(DATASOURCE),
    );

/** A line where another model began to answer: its info series was not there five minutes before. */
const modelChanges = (): dashboard.AnnotationQueryBuilder =>
  annotated(
    'New model',
    COLOURS.purple,
    'max by (model_version) (truthloop_model_info) unless max by (model_version) (truthloop_model_info offset 5m)',
  )
    .titleFormat('New model')
    .textFormat('{{model_version}}');

/** Prometheus' own alerts: Grafana has none. */
const firingAlerts = (): dashboard.AnnotationQueryBuilder =>
  annotated('Alerts', COLOURS.red, 'ALERTS{alertstate="firing"}')
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}}')
    .tagKeys('alertname');

/** Ids by position, so that a link to a panel survives a change of its title. */
function withPanelIds(built: ClassicBoard): ClassicBoard {
  let id = 0;
  return { ...built, panels: (built.panels ?? []).map((panel) => ({ ...panel, id: ++id })) };
}
