import { RequestInvalid, UploadRejected } from '../domain/errors.ts';
import { predictionId } from '../domain/ids.ts';
import { parseJson } from '../http/parse-json.ts';
import type { ReadLine } from '../http/read-lines.ts';
import { faultOf } from './errors.ts';
import { takeReport } from './report-desk.ts';
import { readReportBody } from './report-schema.ts';
import type { WebContext } from './web-context.ts';

/** Lines of one request; what comes after is refused. */
export const BATCH_LINES_MAX = 10_000;
/** What is worked on at once. */
const GROUP_LINES_MAX = 250;
export const GROUP_BYTES_MAX = 16_777_216;

/** What became of one line. */
export interface LineAnswer {
  readonly line: number;
  /** As the same report alone would be answered. */
  readonly status: number;
  readonly id?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * Records the predictions of an NDJSON body, a report a line: a faulty line is answered for and stops no other. The
 * answers are in the order of the lines; they are sent when all is read, since many clients read only then.
 */
export async function takeBatch(
  context: WebContext,
  lines: AsyncIterable<ReadLine>,
  reporter: string | null,
): Promise<readonly LineAnswer[]> {
  const answers: LineAnswer[] = [];
  let group: ReadLine[] = [];
  let groupBytes = 0;
  const settle = async (): Promise<void> => {
    answers.push(...(await Promise.all(group.map((line) => takeLine(context, line, reporter)))));
    group = [];
    groupBytes = 0;
  };
  for await (const line of lines) {
    if (answers.length + group.length === BATCH_LINES_MAX) {
      await settle();
      return [...answers, answerOf(line, tooMany())];
    }
    group.push(line);
    groupBytes += line.bytes?.length ?? 0;
    if (group.length === GROUP_LINES_MAX || groupBytes >= GROUP_BYTES_MAX) await settle();
  }
  await settle();
  return answers;
}

async function takeLine(
  context: WebContext,
  line: ReadLine,
  reporter: string | null,
): Promise<LineAnswer> {
  try {
    const report = readReportBody(parse(line.bytes));
    const fresh = predictionId(context.random.id());
    const { outcome, id } = await takeReport(context, report, reporter, fresh);
    return { line: line.number, status: outcome === 'recorded' ? 201 : 200, id };
  } catch (error) {
    const fault = faultOf(error);
    if (fault.isOurs) context.log.error({ err: error, line: line.number }, 'report failed');
    return answerOf(line, fault);
  }
}

function parse(bytes: Buffer | null): unknown {
  if (bytes === null) throw new UploadRejected('bytes', 'The line is too large.');
  const body = parseJson(bytes);
  if (body === undefined) throw new RequestInvalid('The line is not JSON.');
  return body;
}

const answerOf = (
  { number }: ReadLine,
  { status, code, message }: { status: number; code: string; message: string },
): LineAnswer => ({ line: number, status, error: { code, message } });

const tooMany = (): { status: number; code: string; message: string } => ({
  status: 413,
  code: 'REQUEST_TOO_LARGE',
  message: `A request takes ${BATCH_LINES_MAX} lines: send this one and what follows with the next.`,
});
