import type { Reconciliation } from '../domain/findings.ts';
import { askSync } from './ask-sync.ts';
import { type Command, readArgs, readConfig, UsageWrong } from './command.ts';

export const reconcile: Command = {
  help: `npm run reconcile -- [--accept-deletions | --keep-labels] [--url http://127.0.0.1:8081]

Compares records and Label Studio now, mends what differs, and says what was found. The service must be running.

Labelled tasks that are gone with their project, or in great numbers at once, are not taken for deleted: their labels are kept
and go on counting, and that is reported until you decide:
  --accept-deletions   it was meant: these labels count no longer
  --keep-labels        it was not: these labels count for good, and are reported no more

  --url URL            of the sync (default: where WEBHOOK_URL leads)
`,
  async run(args, around) {
    const { values, positionals } = readArgs(args, {
      'accept-deletions': { type: 'boolean' },
      'keep-labels': { type: 'boolean' },
      url: { type: 'string' },
    });
    const [accept, keep] = [values['accept-deletions'] === true, values['keep-labels'] === true];
    if (positionals.length > 0) throw new UsageWrong(`${positionals.join(' ')}: not known here.`);
    if (accept && keep)
      throw new UsageWrong('--accept-deletions and --keep-labels: one or the other.');
    const sync = askSync(readConfig(around), values.url ?? null);
    const deletions = accept ? 'accept' : keep ? 'keep' : null;
    const { id } = (await sync.post('/reconciliation', { deletions })) as { id: string };
    await sync.finished(id, around.say);
    around.print(wordsOf((await sync.get('/reconciliation')) as Reconciliation));
  },
};

function wordsOf({ at, repairs, kept, foreign }: Reconciliation): string {
  const mended = Object.entries(repairs).filter(([, count]) => count > 0);
  const lost = Object.entries(kept).filter(([, count]) => count > 0);
  const list = (counts: readonly (readonly [string, number])[]): string =>
    counts.map(([name, count]) => `${name} ${count}`).join(', ');
  return [
    `Compared at ${new Date(at).toISOString()}.`,
    mended.length === 0 ? 'Nothing had to be mended.' : `Mended: ${list(mended)}.`,
    ...(foreign === 0 ? [] : [`${foreign} tasks belong to no prediction of ours; left alone.`]),
    ...(lost.length === 0
      ? []
      : [
          `Labelled tasks that are gone, by project: ${list(lost)}. Their labels are kept and go on counting. If that was meant: npm run reconcile -- --accept-deletions; if not: npm run reconcile -- --keep-labels.`,
        ]),
  ].join('\n');
}
