import type { RequestListener } from 'node:http';

import { ConfigInvalid } from '../domain/errors.ts';
import { serve, type Served } from '../http/serve.ts';

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
};

/**
 * Listens, or says which setting to change.
 * @throws ConfigInvalid naming the setting when the port can't be had
 */
export async function listenOn(
  handler: RequestListener,
  place: { readonly host: string; readonly port: number; readonly setting: string },
): Promise<Served> {
  return serve(handler, place).catch((error: unknown) => {
    throw sayInWords(error, place);
  });
}

/** The listen error of Node in the words of the settings; anything else as it is. */
export function sayInWords(
  error: unknown,
  {
    host,
    port,
    setting,
  }: { readonly host: string; readonly port: number; readonly setting: string },
): unknown {
  const why = WORDS[(error as NodeJS.ErrnoException).code ?? ''];
  if (why === undefined) return error;
  return new ConfigInvalid(
    `Port ${port} on ${host} can't be had: ${why}. Set ${setting} to another port (or HOST), or end what uses it.`,
    { cause: error },
  );
}
