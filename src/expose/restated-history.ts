import type { AccuracyEstimate } from '../domain/estimate.ts';
import { type MetricDefinition, type MetricName, METRICS } from '../domain/metrics.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import { windowLengthMs } from '../domain/window.ts';
import type { Meter, MetricLabels } from '../ports/meter.ts';
import { exposeEstimates } from './expose-estimates.ts';

/** The estimates of one past moment, computed with all that is known today. */
export interface RestatedMoment {
  /** ms since the epoch. */
  readonly at: number;
  readonly estimates: readonly AccuracyEstimate[];
}

/**
 * Can this window be restated as it stood `ageMs` ago? Population counts are kept by the hour for the longest finite window
 * only; what begins before that has been added up to days.
 * @param longestMs length of the longest finite window, ms
 */
export function canRestate(
  { window }: Pick<AccuracyEstimate, 'window'>,
  ageMs: number,
  longestMs: number,
): boolean {
  const length = windowLengthMs(window);
  return length === null ? ageMs <= longestMs : length + ageMs <= longestMs;
}

/**
 * The gauges of past moments as OpenMetrics text: what `promtool tsdb create-blocks-from openmetrics` loads, since
 * Prometheus can't rewrite what it scraped.
 * @param moments any order
 * @param target labels that the scraped series carry (job, instance), so that both draw one line
 */
export function restatedHistory(
  moments: readonly RestatedMoment[],
  offline: readonly OfflineResult[],
  target: MetricLabels,
): string {
  const series = new Map<MetricName, Map<string, string[]>>();
  for (const { at, estimates } of [...moments].sort((a, b) => a.at - b.at)) {
    exposeEstimates(
      recorder((name, value, labels) => {
        const key = labelText({ ...labels, ...target });
        const lines = series.get(name)?.get(key) ?? [];
        lines.push(`${name}${key} ${value} ${(at / 1000).toFixed(3)}`);
        series.set(name, (series.get(name) ?? new Map<string, string[]>()).set(key, lines));
      }),
      estimates,
      offline,
    );
  }
  const families = [...series].map(([name, samples]) => {
    const { type, help }: MetricDefinition = METRICS[name];
    return [
      `# TYPE ${name} ${type}`,
      `# HELP ${name} ${escaped(help)}`,
      ...[...samples.values()].flat(),
    ];
  });
  return `${[...families.flat(), '# EOF'].join('\n')}\n`;
}

/** A meter that hands on what is set and has nothing to clear: every moment stands for itself. */
function recorder(take: (name: MetricName, value: number, labels: MetricLabels) => void): Meter {
  const nothing = (): void => undefined;
  return {
    increment: nothing,
    observe: nothing,
    clear: nothing,
    set(name, value, labels = {}) {
      take(name, value, labels);
    },
  };
}

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const labelText = (labels: MetricLabels): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;
