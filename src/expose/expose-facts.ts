import type { Meter } from '../ports/meter.ts';

/** Which build runs. Once, at the start of a role. */
export function exposeBuild(
  meter: Meter,
  build: { readonly version: string; readonly revision: string },
): void {
  meter.set('truthloop_build_info', 1, { ...build });
}

/** The accuracy that the team wants to hold, for alerts and boards to compare with. */
export function exposeTarget(meter: Meter, targetAccuracy: number): void {
  meter.set('truthloop_target_accuracy_ratio', targetAccuracy);
}
