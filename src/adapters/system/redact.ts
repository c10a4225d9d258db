const HIDDEN = '(hidden)';
const DEPTH_MAX = 8;

/** Field names whose values never reach a log, whatever holds them. */
const SECRET_NAME =
  /authorization|cookie|password|secret|token|api_?key|_key$|credential|username|user_?name|email/i;
/** Secrets inside text: credentials of a header, of an address, of a signed URL. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Token|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [/(\/\/)[^/\s:@]*:[^/\s@]+@/g, `$1${HIDDEN}@`],
  [/([?&](?:sig|signature|token|key|X-Amz-Signature|X-Amz-Credential)=)[^&\s"]+/gi, `$1${HIDDEN}`],
];

const redactText = (text: string): string =>
  SECRET_TEXT.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text,
  );

/** Name, code, message, stack and causes; never what a library hung on it (an HTTP client's errors carry headers). */
function redactError(error: Error, depth: number): object {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}

/**
 * A copy of log fields that is safe to write: secrets hidden by name and by shape, bytes replaced by their count,
 * errors cut to what they say.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) return '(deeper)';
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (value instanceof Date) return value;
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SECRET_NAME.test(name) && field !== null ? HIDDEN : redact(field, depth + 1),
    ]),
  );
}
