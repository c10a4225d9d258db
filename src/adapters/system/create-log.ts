import type { DestinationStream, LevelWithSilent, Logger } from 'pino';
import { pino, stdTimeFunctions } from 'pino';

import { redact } from './redact.ts';

/** What waits, at most, while nobody takes it: later lines are dropped until there is room. */
const WAITING_BYTES_MAX = 1024 * 1024;

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
    destination ?? standardOutput(),
  );
}

/**
 * A line that can't be written, on a full disk for instance, ends nothing: it is tried again with the next one. Written at
 * once: the library's other mode tries for ever to write what is left when the program ends.
 */
function standardOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true, maxLength: WAITING_BYTES_MAX });
  output.on('error', () => undefined);
  return output;
}

function requestFields(request: unknown): unknown {
  const { id, method, url } = request as { id?: unknown; method?: unknown; url?: unknown };
  return redact({ id, method, url });
}

function responseFields(response: unknown): unknown {
  const { statusCode } = response as { statusCode?: unknown };
  return { statusCode };
}
