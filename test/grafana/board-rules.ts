/** The parts of a board (classic JSON, schema 42) that the rules look at. */
export interface Board {
  readonly uid: string;
  readonly id?: number;
  readonly title: string;
  readonly description: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly tags: readonly string[];
  readonly timezone: string;
  readonly refresh: string;
  readonly links: readonly { readonly type: string; readonly tags: readonly string[] }[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly label?: string;
      readonly multi?: boolean;
      readonly allValue?: string;
      readonly refresh?: number;
      readonly definition?: string;
      readonly datasource?: { readonly uid: string };
    }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr?: string }[] };
  readonly panels: readonly Panel[];
}

export interface Target {
  readonly expr: string;
  readonly refId: string;
  readonly legendFormat?: string;
  readonly datasource?: { readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly min?: number;
      readonly max?: number;
      readonly custom?: { readonly thresholdsStyle?: { readonly mode: string } };
      readonly thresholds?: { readonly steps: readonly object[] };
      readonly mappings?: readonly object[];
    };
  };
  readonly options?: {
    readonly legend?: { readonly displayMode: string; readonly showLegend: boolean };
  };
}

export const panelsOf = (board: Board | undefined): Panel[] =>
  (board?.panels ?? []).filter((panel) => panel.type !== 'row');
export const targetsOf = (board: Board): Target[] =>
  panelsOf(board).flatMap((panel) => panel.targets ?? []);

const isText = (panel: Panel): boolean => panel.type === 'text';
const each = (panel: Panel, fault: (target: Target) => string | null): string[] =>
  (panel.targets ?? []).flatMap((target) => fault(target) ?? []);
const COUNTER = /\b[a-zA-Z0-9_:]+_(?:total|bucket|sum|count)\b(?:\{[^}]*\})?(\[[^\]]*\])?/g;
const defaultsOf = (panel: Panel) => panel.fieldConfig?.defaults ?? {};

/** Grafana's dashboard-linter, its Prometheus rules, and reliability's own: rule -> faults of a panel. */
export const PANEL_RULES: Readonly<Record<string, (panel: Panel) => string[]>> = {
  'every panel has a title and a description that says what, what is good, and what to do': (
    panel,
  ) => (panel.title.length > 2 && (panel.description ?? '').length > 30 ? [] : ['too short']),

  'every panel and target uses the chosen data source': (panel) =>
    isText(panel)
      ? []
      : [panel, ...(panel.targets ?? [])]
          .filter((one) => one.datasource?.uid !== '${datasource}')
          .map(() => 'another data source'),

  'every panel has targets, at most eight': (panel) =>
    isText(panel) || ((panel.targets?.length ?? 0) > 0 && (panel.targets?.length ?? 0) <= 8)
      ? []
      : [`${panel.targets?.length ?? 0} targets`],

  'every panel has a unit': (panel) =>
    isText(panel) || defaultsOf(panel).unit !== undefined ? [] : ['no unit'],

  'every panel says in words when it has nothing to show': (panel) =>
    isText(panel) || (defaultsOf(panel).noValue ?? '').length > 3 ? [] : ['no noValue'],

  'every ratio is drawn from 0 to 1': (panel) => {
    const { unit, min, max } = defaultsOf(panel);
    return unit !== 'percentunit' || (min === 0 && max === 1) ? [] : [`${min} to ${max}`];
  },

  'every target follows the job variable': (panel) =>
    each(panel, ({ expr }) => (expr.includes('job=~"$job"') ? null : expr)),

  'every target follows the instance variable': (panel) =>
    each(panel, ({ expr }) => (expr.includes('instance=~"$instance"') ? null : expr)),

  'every rate and increase is over $__rate_interval or the time shown': (panel) =>
    each(panel, ({ expr }) =>
      [...expr.matchAll(/\[([^\]]+)\]/g)].every(([, range]) =>
        ['$__rate_interval', '$__range'].includes(range ?? ''),
      )
        ? null
        : expr,
    ),

  'every counter is read through a rate or an increase': (panel) =>
    each(panel, ({ expr }) =>
      [...expr.matchAll(COUNTER)].every(([, range]) => range !== undefined) ? null : expr,
    ),

  'every legend is a table, so that lines have names and values': (panel) =>
    panel.type !== 'timeseries' ||
    (panel.options?.legend?.displayMode === 'table' && panel.options.legend.showLegend)
      ? []
      : ['no legend table'],

  'thresholds of lines are drawn as lines, never by colour alone': (panel) =>
    panel.type !== 'timeseries' ||
    (defaultsOf(panel).thresholds?.steps.length ?? 0) <= 1 ||
    defaultsOf(panel).custom?.thresholdsStyle?.mode === 'dashed'
      ? []
      : ['colour alone'],

  'states have words, never colour alone': (panel) =>
    panel.type !== 'state-timeline' || (defaultsOf(panel).mappings?.length ?? 0) > 0
      ? []
      : ['no mappings'],
};

const NOT_PER_JOB = 'objectives are recorded per service, without job and instance';
const CADVISOR = 'cAdvisor is one exporter for all containers';
const ALERTS = 'alerts are of all jobs and instances';
const WEEK = 'compares a day with the week before it, whatever time is shown';
const BUDGET = 'the budget can be overdrawn: below 0 is the point of the panel';
const CHANGE = 'a change can be negative';
const DIFFERENCE = 'a difference can be negative';

/** Rule -> board and panel -> why the rule does not hold there. */
export const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'every ratio is drawn from 0 to 1': {
    'truthloop-service/Error budget left (30 days)': BUDGET,
    'truthloop-predictions/Share of each class: change against the week before': CHANGE,
    'truthloop-accuracy/Difference in accuracy, with its 95 % interval': DIFFERENCE,
  },
  'every target follows the job variable': {
    'truthloop-service/Error budget left (30 days)': NOT_PER_JOB,
    'truthloop-service/Burn rate now': NOT_PER_JOB,
    'truthloop-service/CPU of the containers': CADVISOR,
    'truthloop-service/Memory of the containers': CADVISOR,
    'truthloop-runtime/Alerts that fire': ALERTS,
  },
  'every target follows the instance variable': {
    'truthloop-service/Error budget left (30 days)': NOT_PER_JOB,
    'truthloop-service/Burn rate now': NOT_PER_JOB,
    'truthloop-service/CPU of the containers': CADVISOR,
    'truthloop-service/Memory of the containers': CADVISOR,
    'truthloop-runtime/Alerts that fire': ALERTS,
  },
  'every rate and increase is over $__rate_interval or the time shown': {
    'truthloop-predictions/Share of each class: change against the week before': WEEK,
  },
};
