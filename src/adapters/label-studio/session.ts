import { z } from 'zod';

import { LabelingToolRefused, LabelingToolUnavailable } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Meter } from '../../ports/meter.ts';
import type { Random } from '../../ports/random.ts';
import { createCredentials } from './credentials.ts';
import { faultOf } from './read-fault.ts';
import { createResilience, type ResilienceOptions } from './resilience.ts';
import { type Answer, type Call, createTransport, type Transport } from './transport.ts';

export interface SessionOptions {
  /** Where Label Studio listens, without a trailing slash. */
  readonly baseUrl: string;
  /** Legacy token (40 hex characters) or personal access token. */
  readonly token: string;
  /** How long one answer may take, ms. */
  readonly timeoutMs: number;
  readonly resilience: ResilienceOptions;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly random: Random;
}

/** Requests to Label Studio's API, signed in, retried where that is safe, and read by a schema. */
export interface Session {
  /** A call that may be repeated: its second time changes nothing. */
  safe<Value>(call: Call, schema: z.ZodType<Value>): Promise<Value>;
  /** A call that must not be repeated blindly. */
  once<Value>(call: Call, schema: z.ZodType<Value>): Promise<Value>;
  close(): void;
}

const accessSchema = z.object({ access: z.string().min(1) });
/** For calls whose answer does not matter. */
export const anything = z.unknown();

export function createSession(options: SessionOptions): Session {
  const transport = createTransport(options.baseUrl, options.timeoutMs);
  const resilience = createResilience(options.resilience, options);
  const credentials = createCredentials(
    options.token,
    async (refresh) => {
      const call: Call = { method: 'POST', path: '/api/token/refresh/', body: { refresh } };
      const answer = await measured(options, call, transport);
      return readBody(call, answer, accessSchema, options).access;
    },
    options.clock,
  );
  const send = async (call: Call): Promise<Answer> => {
    const attempt = async (): Promise<Answer> =>
      measured(options, { ...call, authorization: await credentials.header() }, transport);
    const answer = await attempt();
    // A refused request was not carried out, so that sending it again with a fresh token is safe.
    return answer.status === 401 && credentials.renew() ? attempt() : answer;
  };
  const ask = <Value>(isSafe: boolean, call: Call, schema: z.ZodType<Value>): Promise<Value> =>
    resilience.execute(isSafe, async () => readBody(call, await send(call), schema, options));
  return {
    safe: (call, schema) => ask(true, call, schema),
    once: (call, schema) => ask(false, call, schema),
    close: () => {
      transport.close();
    },
  };
}

/** The status comes first: an error's body may look like a good answer. */
function readBody<Value>(
  call: Call,
  answer: Answer,
  schema: z.ZodType<Value>,
  { clock }: SessionOptions,
): Value {
  if (answer.status < 200 || answer.status > 299) throw faultOf(call, answer, clock);
  const parsed = schema.safeParse(parseJson(answer.text));
  if (parsed.success) return parsed.data;
  throw new LabelingToolUnavailable(
    `Label Studio's answer to ${call.method} ${call.path} can't be read (${z.prettifyError(parsed.error).slice(0, 300)}). Is LABEL_STUDIO_URL really a Label Studio, 1.23 or newer?`,
  );
}

function parseJson(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function measured(
  { clock, meter }: SessionOptions,
  call: Call,
  transport: Transport,
): Promise<Answer> {
  const labels = {
    dependency: 'label_studio',
    operation: call.method === 'GET' ? 'read' : 'write',
  };
  const startedAt = clock.now();
  let isGood = false;
  try {
    const answer = await transport.send(call);
    // What is not there (any more) is an answer like any other.
    isGood = answer.status < 400 || answer.status === 404;
    return answer;
  } finally {
    const seconds = (clock.now() - startedAt) / 1000;
    meter.observe('truthloop_dependency_request_duration_seconds', seconds, labels);
    meter.increment('truthloop_dependency_requests_total', {
      ...labels,
      result: isGood ? 'success' : 'failure',
    });
  }
}

/** Resolves with null when Label Studio says that the thing is not there. */
export async function orMissing<Value>(asked: Promise<Value>): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof LabelingToolRefused && error.status === 404) return null;
    throw error;
  }
}
