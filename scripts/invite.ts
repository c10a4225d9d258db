import { createLabelStudio } from '../src/adapters/label-studio/create-label-studio.ts';
import { systemClock } from '../src/adapters/system/system-clock.ts';
import { systemRandom } from '../src/adapters/system/system-random.ts';
import { AppError } from '../src/domain/errors.ts';
import { loadConfig } from './records/load-config.ts';
import { unmetered } from './records/unmetered.ts';

const HELP = `Usage: npm run --silent invite

Prints the link by which annotators make an account in Label Studio. Whoever has it may label, and delete, everything in
that Label Studio: send it to people, don't publish it.

Settings: LABEL_STUDIO_URL (where Label Studio is), LABEL_STUDIO_PUBLIC_URL (as annotators reach it),
LABEL_STUDIO_TOKEN, DATA_DIR (where the first start keeps the token). See docs/settings.md.
`;

async function invite(): Promise<string> {
  const config = loadConfig();
  const labelStudio = createLabelStudio({
    baseUrl: config.LABEL_STUDIO_URL,
    publicUrl: config.LABEL_STUDIO_PUBLIC_URL,
    token: config.LABEL_STUDIO_TOKEN,
    clock: systemClock,
    random: systemRandom,
    meter: unmetered,
    timeoutMs: 10_000,
  });
  try {
    return await labelStudio.inviteLink();
  } finally {
    labelStudio.close();
  }
}

const [argument] = process.argv.slice(2);
if (argument === '--help' || argument === '-h') {
  process.stdout.write(HELP);
} else if (argument !== undefined) {
  process.stderr.write(`Unknown argument ${argument}: expected none, or --help.\n`);
  process.exitCode = 2;
} else {
  invite().then(
    (link) => process.stdout.write(`${link}\n`),
    (error: unknown) => {
      process.stderr.write(
        `${error instanceof AppError ? error.message : String((error as Error).stack)}\n`,
      );
      process.exitCode = 1;
    },
  );
}
