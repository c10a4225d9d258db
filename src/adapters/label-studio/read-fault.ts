import {
  type AppError,
  LabelingToolRefused,
  LabelingToolUnavailable,
} from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Answer, Call } from './transport.ts';

const REASON_LENGTH_MAX = 300;
/** Statuses that say "not now" rather than "no". */
const LATER = new Set([408, 425, 429]);

/** The error that an answer outside 200 to 299 stands for. */
export function faultOf(call: Call, answer: Answer, clock: Clock): AppError {
  const { status } = answer;
  const what = `Label Studio answered ${status} to ${call.method} ${call.path}: ${reasonOf(answer)}`;
  if (status >= 500 || LATER.has(status))
    return new LabelingToolUnavailable(what, {
      retryAfterSeconds: retryAfterSeconds(answer.retryAfter, clock),
    });
  return new LabelingToolRefused(status, `${what}${adviceFor(answer)}`);
}

function adviceFor({ status, location }: Answer): string {
  if (status >= 300 && status < 400)
    return ` (redirects to ${location ?? 'nowhere'}; set LABEL_STUDIO_URL to the final address)`;
  if (status === 401 || status === 403)
    return ' (check LABEL_STUDIO_TOKEN: a legacy token or a personal access token of an account in the organisation)';
  return '';
}

/** Seconds or an HTTP date; null where there is none or it can't be read. */
function retryAfterSeconds(value: string | null, clock: Clock): number | null {
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, (at - clock.now()) / 1000);
}

/** What an error body says. It has an `id` of its own and may be a page of HTML; it may quote signed addresses. */
function reasonOf({ text }: Answer): string {
  const body = parsed(text);
  if (body === null) return 'no reason given';
  const { detail, validation_errors: faults } = body;
  const said = [
    typeof detail === 'string' ? detail : null,
    faults === undefined || faults === null ? null : JSON.stringify(faults),
  ].filter((part) => part !== null);
  if (said.length === 0) return 'no reason given';
  return said
    .join(' ')
    .replace(/https?:\/\/[^\s"'\\]+/g, '(address)')
    .slice(0, REASON_LENGTH_MAX);
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
