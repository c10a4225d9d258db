import { askSync } from './ask-sync.ts';
import { type Command, readArgs, readConfig, UsageWrong } from './command.ts';

interface DeadEntry {
  readonly entry: number;
  readonly kind: string;
  readonly prediction_id: string;
  readonly project: string;
  readonly attempts: number;
  readonly since: string;
  readonly reason: string | null;
}

export const redrive: Command = {
  help: `npm run redrive -- [ENTRY ...] [--list] [--url http://127.0.0.1:8081]

Sends dead outbox entries again: all of them, or those with the given numbers. An entry is dead when Label Studio refused it
for good: mend the cause first. The service must be running.

  --list      shows the dead entries with their reasons, and sends none
  --url URL   of the sync (default: where WEBHOOK_URL leads)
`,
  async run(args, around) {
    const { values, positionals } = readArgs(args, {
      list: { type: 'boolean' },
      url: { type: 'string' },
    });
    const entries = positionals.map((text) => {
      if (!/^[1-9]\d*$/.test(text))
        throw new UsageWrong(`${text}: expected the number of an entry.`);
      return Number(text);
    });
    const sync = askSync(readConfig(around), values.url ?? null);
    if (values.list === true) {
      const { entries: dead } = (await sync.get('/outbox/dead')) as { entries: DeadEntry[] };
      around.print(dead.length === 0 ? 'No entry is dead.' : dead.map(lineOf).join('\n'));
      return;
    }
    const { redriven } = (await sync.post('/outbox/redrive', {
      ...(entries.length === 0 ? {} : { entries }),
    })) as { redriven: number };
    const asked = entries.length === 0 ? '' : ` of ${entries.length} asked for`;
    around.print(
      `${redriven}${asked} sent back to the outbox${redriven === 0 ? ' (none was dead).' : '; a run has begun.'}`,
    );
  },
};

const lineOf = (dead: DeadEntry): string =>
  `${dead.entry}  ${dead.kind}  ${dead.project}  ${dead.prediction_id}  since ${dead.since}, ${dead.attempts} tries: ${dead.reason ?? 'no reason'}`;
