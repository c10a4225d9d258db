import type { DestinationStream, LevelWithSilent, Logger } from 'pino';
import { pino, stdTimeFunctions } from 'pino';

import { redact } from './redact.ts';

/**
 * JSON lines on stdout: `time` (ISO), `level` (a word), `event`, and the fields. Secrets, image bytes and people's names
 * are taken out of the fields before anything is written.
 * @param level the least level that is written; 'silent' writes nothing
 * @param destination where to write instead of stdout
 * @returns a pino logger; it serves as the `Log` port
 */
export function createLog(level: LevelWithSilent, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: stdTimeFunctions.isoTime,
      // An HTTP request and its answer are cut down before the fields are redacted: walking a socket would be dear.
      formatters: {
        level: (label) => ({ level: label }),
        log: ({ req, res, ...fields }) => ({
          ...(redact(fields) as Record<string, unknown>),
          ...(req === undefined ? {} : { req: requestFields(req) }),
          ...(res === undefined ? {} : { res: responseFields(res) }),
        }),
      },
    },
    destination ?? pino.destination(1),
  );
}

function requestFields(request: unknown): unknown {
  const { id, method, url } = request as { id?: unknown; method?: unknown; url?: unknown };
  return redact({ id, method, url });
}

function responseFields(response: unknown): unknown {
  const { statusCode } = response as { statusCode?: unknown };
  return { statusCode };
}
