import { CommandFailed } from './command.ts';

const ANSWER_MS = 30_000;

/** A role of the running service, asked with the ops key. Each call rejects with CommandFailed, in words. */
export interface AskedRole {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  put(path: string, body: object): Promise<unknown>;
  delete(path: string): Promise<void>;
}

/**
 * @param base where the role listens
 * @param answerMs how long an answer may take
 */
export function askRole(
  role: 'web' | 'sync' | 'classifier',
  base: string,
  opsKey: string,
  answerMs = ANSWER_MS,
): AskedRole {
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const text = await answerOf(role, base, path, {
      method,
      headers: { Authorization: `Bearer ${opsKey}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMs),
    });
    return text === '' ? null : JSON.parse(text);
  };
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
    delete: async (path) => {
      await ask('DELETE', path);
    },
  };
}

async function answerOf(
  role: string,
  base: string,
  path: string,
  request: RequestInit,
): Promise<string> {
  const answer = await fetch(new URL(path, base), request).catch((cause: unknown) => {
    throw new CommandFailed(
      `The ${role} does not answer at ${base}. This command works beside the running service: start it (npm start), or say where it is with --url.`,
      { cause },
    );
  });
  const text = await answer.text();
  if (answer.status === 401)
    throw new CommandFailed(
      `The ${role} at ${base} does not take this ops key: OPS_KEY (secrets.env in DATA_DIR) belongs to another installation.`,
    );
  if (answer.ok) return text;
  throw new CommandFailed(`The ${role} at ${base} answered ${answer.status}: ${saidIn(text)}`);
}

function saidIn(text: string): string {
  try {
    const { error, detail } = JSON.parse(text) as {
      readonly error?: { readonly message: string };
      readonly detail?: unknown;
    };
    return error?.message ?? (typeof detail === 'string' ? detail : text);
  } catch {
    return text;
  }
}
