type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Compose's interpolation: `$NAME`, `${NAME}`, and with `:-`, `-`, `:?`, `?`, `:+`, `+`, nested; `$$` is a dollar sign.
 * @throws Error with the message of a `?` whose variable is missing, as Compose refuses to start
 */
export function interpolate(text: string, variables: Variables): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    if (text[at] !== '$') {
      result += text[at++] ?? '';
    } else if (text[at + 1] === '$') {
      result += '$';
      at += 2;
    } else if (text[at + 1] === '{') {
      const end = closingBrace(text, at + 1);
      result += expand(text.slice(at + 2, end), variables);
      at = end + 1;
    } else {
      const name = /^\w+/.exec(text.slice(at + 1))?.[0];
      if (name === undefined) throw new Error(`a lone $ in ${text}`);
      result += variables[name] ?? '';
      at += 1 + name.length;
    }
  }
  return result;
}

/** Of every text in a parsed file; keys stay as they are. */
export function interpolateAll<T>(value: T, variables: Variables): T {
  if (typeof value === 'string') return interpolate(value, variables) as T;
  if (Array.isArray(value))
    return value.map((item: unknown) => interpolateAll(item, variables)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolateAll<unknown>(item, variables)]),
  ) as T;
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`no closing brace in ${text}`);
}

function expand(inner: string, variables: Variables): string {
  const parts = /^(\w+)(?:(:?)([-?+])(.*))?$/s.exec(inner);
  if (parts === null) throw new Error(`\${${inner}} is no interpolation`);
  const [, name = '', colon, operator, word = ''] = parts;
  const value = variables[name];
  const isSet = value !== undefined && (colon !== ':' || value !== '');
  if (operator === '+') return isSet ? interpolate(word, variables) : '';
  if (isSet || operator === undefined) return value ?? '';
  if (operator === '?') throw new Error(`required variable ${name} is missing a value: ${word}`);
  return interpolate(word, variables);
}
