import { withDotEnv } from '../config/secrets-file.ts';
import { AppError } from '../domain/errors.ts';
import { backup } from './backup.ts';
import type { Command } from './command.ts';
import { CommandFailed, UsageWrong } from './command.ts';
import { keys } from './keys.ts';
import { promote } from './promote.ts';
import { reconcile } from './reconcile.ts';
import { redrive } from './redrive.ts';
import { restore } from './restore.ts';

/** What whoever runs the service may ask of it: `npm run NAME -- ...`, or `node dist/operate/main.js NAME ...` without npm. */
const COMMANDS: Readonly<Record<string, Command>> = {
  backup,
  keys,
  promote,
  reconcile,
  redrive,
  restore,
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main([name = '', ...rest]: readonly string[]): Promise<number> {
  const command = COMMANDS[name];
  if (command === undefined) {
    say(`Which command? One of: ${Object.keys(COMMANDS).join(', ')}. Each tells more with --help.`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    await command.run(rest, {
      env: withDotEnv(process.env, '.env'),
      say,
      print: (text) => void process.stdout.write(`${text}\n`),
    });
    return 0;
  } catch (error) {
    if (error instanceof UsageWrong) say(`${error.message}\n\n${command.help}`);
    else if (error instanceof AppError || error instanceof CommandFailed) say(error.message);
    else say(String((error as Error).stack ?? error));
    return error instanceof UsageWrong ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
