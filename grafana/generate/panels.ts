import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as text from '@grafana/grafana-foundation-sdk/text';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

export type PanelBuilder = cog.Builder<dashboard.Panel>;
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Distinguishable with any colour vision (Okabe and Ito's palette), so that colour is never the only sign. */
export const COLOURS = {
  blue: '#0072B2',
  orange: '#E69F00',
  green: '#009E73',
  red: '#D55E00',
  purple: '#CC79A7',
  sky: '#56B4E9',
  grey: '#8A8A8A',
} as const;

export interface Target {
  readonly expr: string;
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  /** What it shows, what is good, what to do when it is not. */
  readonly description: string;
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Said in place of an empty panel. */
  readonly noValue: string;
  readonly targets: readonly Target[];
  readonly width?: number;
  readonly height?: number;
  /** Values from which a line is drawn (and its colour changes). */
  readonly thresholds?: readonly { readonly value: number | null; readonly color: string }[];
  readonly mappings?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
}

const REF_IDS = 'ABCDEFGH';

function targetsOf(
  spec: PanelSpec,
  shape: (query: prometheus.DataqueryBuilder) => prometheus.DataqueryBuilder,
): prometheus.DataqueryBuilder[] {
  return spec.targets.map(({ expr, legend }, index) =>
    shape(
      new prometheus.DataqueryBuilder()
        .refId(REF_IDS[index] ?? 'Z')
        .datasource(DATASOURCE)
        .editorMode(prometheus.QueryEditorMode.Code)
        .expr(expr)
        .legendFormat(legend),
    ),
  );
}

/** What every kind of panel has; the SDK's builders share these methods but no type. */
interface CommonBuilder<Self> {
  title(title: string): Self;
  description(description: string): Self;
  datasource(datasource: common.DataSourceRef): Self;
  span(width: number): Self;
  height(height: number): Self;
  unit(unit: string): Self;
  noValue(text: string): Self;
  min(value: number): Self;
  max(value: number): Self;
  decimals(value: number): Self;
  mappings(mappings: dashboard.ValueMapping[]): Self;
  thresholds(thresholds: cog.Builder<dashboard.ThresholdsConfig>): Self;
  targets(targets: cog.Builder<cog.Dataquery>[]): Self;
}

function withCommon<Self extends CommonBuilder<Self>>(
  builder: Self,
  spec: PanelSpec,
  shape: (query: prometheus.DataqueryBuilder) => prometheus.DataqueryBuilder,
): Self {
  let built = builder
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .span(spec.width ?? 12)
    .height(spec.height ?? 8)
    .unit(spec.unit)
    .noValue(spec.noValue)
    .thresholds(thresholdsOf(spec))
    .targets(targetsOf(spec, shape));
  if (spec.min !== undefined) built = built.min(spec.min);
  if (spec.max !== undefined) built = built.max(spec.max);
  if (spec.decimals !== undefined) built = built.decimals(spec.decimals);
  if (spec.mappings !== undefined) built = built.mappings(mappingsOf(spec.mappings));
  return built;
}

function thresholdsOf(spec: PanelSpec): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([...(spec.thresholds ?? [{ value: null, color: COLOURS.blue }])]);
}

function mappingsOf(mappings: NonNullable<PanelSpec['mappings']>): dashboard.ValueMapping[] {
  const options = Object.fromEntries(
    Object.entries(mappings).map(([value, result], index) => [value, { ...result, index }]),
  );
  return [{ type: dashboard.MappingType.ValueToText, options }];
}

const LEGEND_TABLE = (): common.VizLegendOptionsBuilder =>
  new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(['lastNotNull', 'min', 'max']);

const all = new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi);

/** Lines over time; thresholds, where there are any, are drawn as lines. */
export function lines(spec: PanelSpec): timeseries.PanelBuilder {
  const panel = withCommon(new timeseries.PanelBuilder(), spec, (query) => query.range())
    .legend(LEGEND_TABLE())
    .tooltip(all)
    .lineWidth(2)
    .fillOpacity(0)
    .showPoints(common.VisibilityMode.Auto)
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassic));
  if (spec.thresholds === undefined) return panel;
  return panel.thresholdsStyle(
    new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
  );
}

/** How one series of `lines` looks, by its legend (a regular expression). */
export interface LineLook {
  readonly legend: string;
  readonly color?: string;
  readonly dashed?: boolean;
  readonly width?: number;
  /** Fills down to the series with this legend: the band of an interval. */
  readonly fillBelowTo?: string;
  readonly hideFromLegend?: boolean;
}

/** Lines with looks of their own: a band, dashes, fixed colours. */
export function styledLines(spec: PanelSpec, looks: readonly LineLook[]): timeseries.PanelBuilder {
  return looks.reduce(
    (panel, look) => panel.overrideByRegexp(`/^${look.legend}$/`, propertiesOf(look)),
    lines(spec),
  );
}

function propertiesOf(look: LineLook): dashboard.DynamicConfigValue[] {
  const properties: dashboard.DynamicConfigValue[] = [];
  if (look.color !== undefined)
    properties.push({ id: 'color', value: { mode: 'fixed', fixedColor: look.color } });
  if (look.dashed)
    properties.push({ id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } });
  if (look.width !== undefined) properties.push({ id: 'custom.lineWidth', value: look.width });
  if (look.fillBelowTo !== undefined)
    properties.push(
      { id: 'custom.fillBelowTo', value: look.fillBelowTo },
      { id: 'custom.fillOpacity', value: 15 },
    );
  if (look.hideFromLegend)
    properties.push({ id: 'custom.hideFrom', value: { legend: true, tooltip: false, viz: false } });
  return properties;
}

/** One number with its recent course behind it. */
export function number(spec: PanelSpec): stat.PanelBuilder {
  return withCommon(new stat.PanelBuilder(), { width: 4, height: 5, ...spec }, (query) =>
    query.range(),
  )
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    .textMode(common.BigValueTextMode.ValueAndName);
}

/** One bar for each series, as it stands now. */
export function bars(spec: PanelSpec): bargauge.PanelBuilder {
  return withCommon(new bargauge.PanelBuilder(), spec, (query) => query.instant())
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .showUnfilled(true);
}

/** A histogram's buckets over time. */
export function distribution(spec: PanelSpec): heatmap.PanelBuilder {
  return withCommon(new heatmap.PanelBuilder(), spec, (query) =>
    query.range().format(prometheus.PromQueryFormat.Heatmap),
  )
    .calculate(false)
    .showLegend()
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('Viridis')
        .steps(32),
    );
}

/** States over time, in words and colours. */
export function states(spec: PanelSpec): statetimeline.PanelBuilder {
  return withCommon(new statetimeline.PanelBuilder(), spec, (query) => query.range())
    .legend(LEGEND_TABLE())
    .showValue(common.VisibilityMode.Auto)
    .mergeValues(true);
}

/**
 * One row per combination of labels, one column per target.
 * @param columns the targets' columns in order, as they are to be called
 */
export function rows(spec: PanelSpec, columns: readonly string[]): table.PanelBuilder {
  return withCommon(new table.PanelBuilder(), spec, (query) =>
    query.instant().format(prometheus.PromQueryFormat.Table),
  )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation(renamed(columns));
}

/** Bars in groups: one group per value of `label`, one bar per target. */
export function groupedBars(
  spec: PanelSpec,
  label: string,
  columns: readonly string[],
): barchart.PanelBuilder {
  return withCommon(new barchart.PanelBuilder(), spec, (query) =>
    query.instant().format(prometheus.PromQueryFormat.Table),
  )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation(renamed(columns))
    .xField(label)
    .legend(LEGEND_TABLE())
    .tooltip(all);
}

function renamed(columns: readonly string[]): dashboard.DataTransformerConfig {
  const single = columns.length === 1;
  const renameByName = Object.fromEntries(
    columns.map((column, index) => [single ? 'Value' : `Value #${REF_IDS[index] ?? 'Z'}`, column]),
  );
  return { id: 'organize', options: { excludeByName: { Time: true }, renameByName } };
}

/** How to read what stands around it. */
export function words(title: string, content: string, width = 24, height = 4): text.PanelBuilder {
  return new text.PanelBuilder()
    .title(title)
    .description('How to read the panels below; docs/statistics.md has the whole of it.')
    .mode(text.TextMode.Markdown)
    .content(content)
    .span(width)
    .height(height);
}
