const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A rolling window's name: '1h', '7d', ... or 'all'. */
export type WindowName = `${number}h` | `${number}d` | 'all';

/** Half-open interval [from, to) of prediction time, ms since the epoch, UTC. */
export interface Window {
  readonly name: WindowName;
  readonly from: number;
  readonly to: number;
}

/** Length in ms of a finite window; null for 'all'. */
export function windowLengthMs(name: WindowName): number | null {
  if (name === 'all') return null;
  const amount = Number(name.slice(0, -1));
  return amount * (name.endsWith('h') ? HOUR_MS : DAY_MS);
}

/** Those of the windows that are set: of others the store keeps what was computed last, which nobody brings up to date. */
export const ofWindows = <Found extends { readonly window: WindowName }>(
  found: readonly Found[],
  windows: readonly WindowName[],
): readonly Found[] => found.filter(({ window }) => windows.includes(window));

/** Start of the UTC hour that contains `at`. */
export const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;
/** Start of the UTC day that contains `at`. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

/**
 * The rolling window as it stands at `now`: it begins with the UTC hour that contains now - length, so that population
 * counts (kept by hour) cover exactly the same predictions as the labels do.
 * @param firstAt event time of the model version's first prediction; the start of 'all'
 */
export function rollingWindow(name: WindowName, now: number, firstAt: number): Window {
  const length = windowLengthMs(name);
  return { name, from: hourOf(length === null ? firstAt : now - length), to: now };
}
