import process from 'node:process';

import { AppError } from '../../src/domain/errors.ts';
import { StartError } from '../start/start-error.mjs';

/** A fault of what was typed: answered with the message and where help is. */
export class UsageError extends Error {}

/** What a person can mend elsewhere: answered with the message alone. */
export class CommandFailed extends Error {}

/**
 * Runs a command to its end: help on --help, one message for what a person can mend, the stack for what is a fault of ours.
 * @param help printed on --help or -h
 */
export async function runCommand(help: string, work: () => Promise<void>): Promise<void> {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(help);
    return;
  }
  try {
    await work();
  } catch (error) {
    process.exitCode = isUsage(error) ? 2 : 1;
    process.stderr.write(`${wordsOf(error)}\n`);
  }
}

const isUsage = (error: unknown): error is Error =>
  error instanceof UsageError ||
  String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');

function wordsOf(error: unknown): string {
  if (isUsage(error)) return `${error.message}\nSee --help.`;
  const isMendable = [AppError, StartError, CommandFailed].some((kind) => error instanceof kind);
  if (error instanceof Error && (isMendable || isSystemFault(error))) return error.message;
  return error instanceof Error ? String(error.stack) : String(error);
}

/** A full disk, a folder that may not be written: Node names the place. */
const isSystemFault = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
