import { parseArgs, type ParseArgsConfig } from 'node:util';

import { dataDirOf } from '../config/data-dir.ts';
import { type Config, parseConfig } from '../config/parse-config.ts';
import { withKeptSecrets } from '../config/secrets-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a command reads its settings and says what it does. */
export interface Surroundings {
  /** Variables, `.env` included, secrets not. */
  readonly env: Environment;
  /** Progress and faults, on the error output. */
  readonly say: (text: string) => void;
  /** Results. */
  readonly print: (text: string) => void;
}

export interface Command {
  readonly help: string;
  /** @throws UsageWrong, CommandFailed, or an AppError: each with a message for a person */
  readonly run: (args: readonly string[], around: Surroundings) => Promise<void>;
}

/** The arguments are not ones that the command takes. */
export class UsageWrong extends Error {}
/** It could not be done; the message says why and what to do. */
export class CommandFailed extends Error {}

/** Of the installation that the command speaks about. @throws ConfigInvalid when there is none */
export const readConfig = ({ env, say }: Surroundings): Config =>
  parseConfig(withKeptSecrets(env, dataDirOf(env), say));

/** @throws UsageWrong */
export function readArgs<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageWrong((error as Error).message);
  }
}
