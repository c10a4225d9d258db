import { type LabelStudioServer, startLabelStudio } from './label-studio.ts';

let shared: Promise<LabelStudioServer> | null = null;

/**
 * One Label Studio for all suites of a run, started by the first that asks and stopped after the last test. Suites make
 * projects of their own in it and don't stop it; only the fault suite starts it again, at its end. Allow a `before` hook
 * 300 s.
 */
export function sharedLabelStudio(): Promise<LabelStudioServer> {
  shared ??= startLabelStudio();
  return shared;
}

// At import time Mocha's current suite is the root: the hook runs after all files.
after(async function stopSharedLabelStudio() {
  this.timeout(30_000);
  const server = await shared?.catch(() => null);
  await server?.stop();
});
