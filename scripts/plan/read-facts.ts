/** What the running service knows of its own accuracy and traffic. */
export interface Facts {
  /** To plan with, from 0.04 to 0.96: few labels show 1 or 0 easily, and no more labels would seem to be needed. */
  readonly accuracy: number | null;
  readonly perDay: number | null;
  readonly source: string;
}

interface EstimateRow {
  readonly model_version: string;
  readonly window: string;
  readonly predictions: number;
  readonly accuracy: number | null;
  readonly from: string | number;
  readonly to: string | number;
}

const DAY_MS = 86_400_000;
const ACCURACY_MIN = 0.04;
const ACCURACY_MAX = 0.96;

/**
 * Asks /api/accuracy.
 * @param url of the web role @param version null: the first that is answered @param opsKey for a service that asks for one
 * @returns null when nothing answers there
 */
export async function readFacts(
  url: string,
  version: string | undefined,
  opsKey: string | undefined,
): Promise<Facts | null> {
  const rows = await readRows(url, opsKey);
  if (rows === null) return null;
  const own = rows.filter((row) => version === undefined || row.model_version === version);
  const week = own.find((row) => row.window === '7d') ?? own.at(0);
  if (week === undefined) return null;
  const all = own.find((row) => row.window === 'all' && row.model_version === week.model_version);
  // A service of yesterday had no traffic on the days before.
  const from = Math.max(timeOf(week.from), all === undefined ? -Infinity : timeOf(all.from));
  const days = (timeOf(week.to) - from) / DAY_MS;
  return {
    accuracy: week.accuracy === null ? null : cautious(week.accuracy),
    perDay: week.predictions > 0 ? week.predictions / Math.max(1, days) : null,
    source: `${url}, model ${week.model_version}, window ${week.window}`,
  };
}

const cautious = (accuracy: number): number =>
  Math.min(Math.max(accuracy, ACCURACY_MIN), ACCURACY_MAX);

const timeOf = (value: string | number): number =>
  typeof value === 'number' ? value : Date.parse(value);

async function readRows(
  url: string,
  opsKey: string | undefined,
): Promise<readonly EstimateRow[] | null> {
  const headers = opsKey === undefined ? {} : { authorization: `Bearer ${opsKey}` };
  try {
    const answer = await fetch(new URL('/api/accuracy', url), {
      headers,
      signal: AbortSignal.timeout(3000),
    });
    if (!answer.ok) return null;
    const body = (await answer.json()) as { readonly estimates?: readonly EstimateRow[] };
    return body.estimates ?? null;
  } catch {
    // Nothing runs there: the options and defaults stand.
    return null;
  }
}
