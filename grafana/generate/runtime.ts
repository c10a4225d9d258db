import { board } from './board.ts';
import type { ClassicBoard } from './classic.ts';
import { COLOURS, lines, rows, states } from './panels.ts';
import { of, oneOf, rate, recorded, sumBy } from './query.ts';

const DOWN = 'No target is scraped';

const panels = [
  states({
    title: 'Targets',
    description:
      'Whether Prometheus reaches each process. Good: up. Down for a minute: TargetDown pages.',
    unit: 'none',
    noValue: DOWN,
    mappings: {
      '0': { text: 'down', color: COLOURS.red },
      '1': { text: 'up', color: COLOURS.green },
    },
    targets: [{ expr: of('up'), legend: '{{job}} {{instance}}' }],
  }),
  rows(
    {
      title: 'Builds',
      description:
        'Version and revision of each role. Different ones: a deployment under way, or one that stopped half-way.',
      unit: 'none',
      noValue: DOWN,
      targets: [
        { expr: oneOf('job, instance, version, revision', of('truthloop_build_info')), legend: '' },
      ],
    },
    ['running'],
  ),
  lines({
    title: 'CPU',
    description:
      'Cores used by each process. The classifier is limited by its workers; web and sync should idle.',
    unit: 'short',
    min: 0,
    noValue: DOWN,
    targets: [
      {
        expr: sumBy('job, instance', rate(of('process_cpu_seconds_total'))),
        legend: '{{job}} {{instance}}',
      },
    ],
  }),
  lines({
    title: 'Memory',
    description:
      'Resident memory and JavaScript heap. Good: flat under steady load. A saw that climbs: a leak.',
    unit: 'bytes',
    min: 0,
    noValue: DOWN,
    targets: [
      { expr: of('process_resident_memory_bytes'), legend: '{{job}} resident' },
      { expr: of('nodejs_heap_size_used_bytes'), legend: '{{job}} heap' },
    ],
  }),
  lines({
    title: 'Event loop lag (p99)',
    description:
      'How long a ready callback waits. Good: under 50 ms. Above, something computes on the thread that serves HTTP.',
    unit: 's',
    min: 0,
    noValue: DOWN,
    targets: [{ expr: of('nodejs_eventloop_lag_p99_seconds'), legend: '{{job}} {{instance}}' }],
  }),
  lines({
    title: 'Time in garbage collection',
    description: 'Share of a second spent in it. Good: under 5 %. Above, memory is short.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    noValue: DOWN,
    targets: [
      {
        expr: sumBy('job, instance', rate(of('nodejs_gc_duration_seconds_sum'))),
        legend: '{{job}} {{instance}}',
      },
    ],
  }),
  lines({
    title: 'Open files',
    description: 'Good: flat. A line that climbs: connections or files that nobody closes.',
    unit: 'short',
    min: 0,
    noValue: DOWN,
    targets: [{ expr: of('process_open_fds'), legend: '{{job}} {{instance}}' }],
  }),
  lines({
    title: 'Uptime',
    description:
      'Time since each process started. A saw: it restarts again and again; read its log.',
    unit: 's',
    min: 0,
    noValue: DOWN,
    targets: [
      { expr: `time() - ${of('process_start_time_seconds')}`, legend: '{{job}} {{instance}}' },
    ],
  }),
  rows(
    {
      title: 'Alerts that fire',
      description:
        "Prometheus' alerts; Grafana has none of its own. What to do stands in docs/runbook.md.",
      unit: 'none',
      noValue: 'Nothing fires',
      width: 24,
      targets: [
        {
          expr: `count by (alertname, severity) (${recorded('ALERTS', 'alertstate="firing"')})`,
          legend: '',
        },
      ],
    },
    ['firing'],
  ),
];

export const runtime = (): ClassicBoard =>
  board({
    uid: 'truthloop-runtime',
    title: 'Runtime',
    description: 'The processes underneath: targets, builds, CPU, memory, event loop.',
    jobs: '.+',
    from: 'now-3h',
    rows: [{ title: 'Processes', panels }],
  });
