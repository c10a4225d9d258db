import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { DESIGNS } from './simulate/designs.ts';
import { runStream } from './simulate/stream-run.ts';

/**
 * Draws docs/images/statistics.svg: forty simulated streams of 200 labels; the naive mean and the estimate with its interval
 * beside the truth. `npm run docs:statistics` makes it again.
 */
const RUNS = 40;
const LABELS = 200;
const WIDTH = 860;
const HEIGHT = 360;
const LEFT = 60;
const TOP = 34;
const BOTTOM = 320;
const LOW = -0.36;
const HIGH = 0.12;

interface Row {
  readonly naive: number;
  readonly error: number;
  readonly lower: number;
  readonly upper: number;
  readonly isCovered: boolean;
}

const x = (run: number): number => LEFT + ((run + 0.5) / RUNS) * (WIDTH - LEFT - 20);
const y = (error: number): number => BOTTOM - ((error - LOW) / (HIGH - LOW)) * (BOTTOM - TOP);
const at = (value: number): string => value.toFixed(1);

function rows(): readonly Row[] {
  const method = `${DESIGNS[2]?.name ?? ''} + default`;
  return Array.from({ length: RUNS }, (_, run) => {
    const found = runStream(1, run, [LABELS]).get(LABELS) ?? [];
    const own = found.find((row) => row.method === method);
    const naive = found.find((row) => row.method.startsWith('naive'));
    if (own === undefined || naive === undefined) throw new Error(`Run ${run} found nothing.`);
    return { ...own, naive: naive.error };
  });
}

const line = (value: number, colour: string, dash = ''): string =>
  `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${at(y(value))}" y2="${at(y(value))}" stroke="${colour}" stroke-dasharray="${dash}"/>`;

function mark({ naive, error, lower, upper, isCovered }: Row, run: number): string {
  const colour = isCovered ? '#1f6f8b' : '#b5522b';
  return [
    `<line x1="${at(x(run))}" x2="${at(x(run))}" y1="${at(y(lower))}" y2="${at(y(upper))}" stroke="${colour}" stroke-width="2"/>`,
    `<circle cx="${at(x(run))}" cy="${at(y(error))}" r="3.5" fill="${colour}"/>`,
    `<path d="M${at(x(run) - 4)} ${at(y(naive) - 4)}l8 8m0 -8l-8 8" stroke="#8a8f98" stroke-width="1.5" fill="none"/>`,
  ].join('');
}

function picture(all: readonly Row[]): string {
  const scale = [-0.3, -0.2, -0.1, 0, 0.1].map(
    (value) =>
      `${line(value, value === 0 ? '#2b2f36' : '#e3e5e8')}<text x="${LEFT - 8}" y="${at(y(value) + 4)}" text-anchor="end">${value > 0 ? '+' : ''}${Math.round(100 * value)}</text>`,
  );
  const covered = all.filter(({ isCovered }) => isCovered).length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#2b2f36" role="img">`,
    `<title>Forty streams: the naive mean is off by 27 points, the estimate is not</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="20">Points away from the true accuracy, ${RUNS} simulated streams, ${LABELS} labels each</text>`,
    ...scale,
    ...all.map(mark),
    `<text x="${LEFT}" y="${HEIGHT - 12}">dots: the estimate with its 95 % interval (it holds the truth in ${covered} of ${RUNS}; orange where not)   crosses: plain mean of all labelled tasks</text>`,
    '</svg>',
    '',
  ].join('\n');
}

const file = fileURLToPath(new URL('../docs/images/statistics.svg', import.meta.url));
writeFileSync(file, picture(rows()));
console.log(`${file} written`);
