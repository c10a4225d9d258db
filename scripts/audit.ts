import process from 'node:process';

import { createLog } from '../src/adapters/system/create-log.ts';
import { accuracyJson } from '../src/web/accuracy-json.ts';
import { openRecords } from '../src/wire/records.ts';
import { findImages } from './audit/find-images.ts';
import { followAudit, type State } from './audit/follow.ts';
import { type Installation, missingFile, openInstallation } from './audit/installation.ts';
import { HELP, type Options, readOptions } from './audit/options.ts';
import { closingText, estimateLine } from './audit/print-state.ts';
import { type LogSummary, summarise } from './audit/read-log.ts';
import { recordAndSelect } from './audit/record-log.ts';
import { runCommand, UsageError } from './records/run-command.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function audit(options: Options): Promise<void> {
  const now = Date.now();
  const images = await findImages(options.images);
  const summary = await summarise(options.log, images, now);
  checkSummary(summary, options.images, images.examples);
  const installation = await openInstallation(options, summary, now);
  sayBeginning(installation, summary, options);
  const systemLog = createLog('silent');
  const records = await openRecords(installation.config, systemLog);
  try {
    const unreadable = await recordAndSelect(
      { ...installation, records, log: options.log, images },
      summary,
      systemLog,
    );
    for (const { image, why } of unreadable) say(`${image} can't be shown to anybody: ${why}`);
    if (unreadable.length > 0)
      say(
        `${unreadable.length} drawn predictions count as not answered; mend their files, and they are taken at the next start.`,
      );
    const { signal, release } = interruption();
    const reporter = createReporter(installation, options);
    await followAudit(installation, records, systemLog, reporter.tell, signal);
    release();
    reporter.close(signal.aborted);
  } finally {
    await records.close();
  }
}

function checkSummary(
  { withImage, missing, classes }: LogSummary,
  folder: string,
  examples: readonly string[],
): void {
  if (withImage === 0)
    throw new UsageError(
      `No image of the log is in ${folder}: the log names ${missing.slice(0, 3).join(', ')}; there are ${examples.join(', ')}.`,
    );
  if (classes.length < 2)
    throw new UsageError(
      `The log names one class only (${classes.join('')}): give the model's classes with --classes FILE.`,
    );
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const count = (value: number): string => value.toLocaleString('en');

function sayBeginning(
  { plan, folder }: Installation,
  { versions, missing, from, to, rows }: LogSummary,
  { name, log }: Options,
): void {
  say(
    `Audit "${name}" in ${folder}: ${count(rows)} predictions of ${versions.join(', ')} from ${day(from)} to ${day(to)}, ${plan.classes.length} classes.`,
  );
  if (log.classes === null)
    say(
      `The classes are those that the log names: ${plan.classes.join(', ')}. Does the model know more? Give --classes.`,
    );
  if (missing.length > 0)
    say(
      `${count(missing.length)} of their images are not there and are left out (${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', ...' : ''}; all in ${missingFile(folder)}): the accuracy will be that of the others.`,
    );
  say(
    plan.budget >= plan.predictions
      ? `All ${count(plan.predictions)} are to be labelled.`
      : `${count(plan.budget)} of ${count(plan.predictions)} are drawn to be labelled.`,
  );
}

/** Ends the audit softly at the first signal; at the second the process ends at once. */
function interruption(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const abort = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', abort).off('SIGTERM', abort),
  };
}

/** Says what is new after each run. */
function createReporter(
  { plan, config }: Installation,
  { json }: Options,
): { readonly tell: (state: State) => void; readonly close: (isEarly: boolean) => void } {
  let said = '';
  let isFaulty = false;
  let isPlaceSaid = false;
  let last: State | null = null;
  return {
    tell(state) {
      last = state;
      if (state.projectUrl !== null && !isPlaceSaid) {
        say(`Label at ${state.projectUrl}`);
        say(
          `Keep this command running meanwhile: the pictures come from it, at ${config.PUBLIC_URL} (details: ${config.PUBLIC_URL}/accuracy). Ctrl-C ends it; the same command goes on.`,
        );
        isPlaceSaid = true;
      }
      if (state.fault !== null && !isFaulty)
        say(`${state.fault}\nLabel Studio is looked for at ${config.LABEL_STUDIO_URL}; trying on.`);
      if (state.fault === null && isFaulty) say('Label Studio answers again.');
      isFaulty = state.fault !== null;
      const words = state.estimates.map(estimateLine).join('\n');
      if (words !== said) say(words);
      said = words;
    },
    close(isEarly) {
      if (last === null) return;
      const { estimates, open } = last;
      if (json) process.stdout.write(`${JSON.stringify(accuracyJson(estimates, []))}\n`);
      else process.stdout.write(`${estimates.map(estimateLine).join('\n')}\n`);
      if (!json && !isEarly) process.stdout.write(`${closingText(plan, estimates)}\n`);
      if (isEarly) say(`${open} tasks are open: the same command goes on.`);
    },
  };
}

await runCommand(HELP, () => audit(readOptions()));
