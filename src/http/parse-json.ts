import { isAscii } from 'node:buffer';

/** Room for everything in a JSON body that stands outside of its strings: brackets, numbers, names' quotes. */
const OUTSIDE_BYTES_MAX = 65_536;
const DEPTH_MAX = 64;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Parses a JSON body whose bulk is one long text. Millions of brackets would become objects that need fifty times the
 * memory of their text, so they are counted before anything is parsed.
 * @returns undefined for what is no JSON, is nested more than 64 levels deep, or holds too much outside of its texts
 */
export function parseJson(body: Buffer): unknown {
  if (!isSlender(body)) return undefined;
  try {
    // Base64 is ASCII: as such it is copied, not decoded.
    return JSON.parse(body.toString(isAscii(body) ? 'latin1' : 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function isSlender(body: Buffer): boolean {
  let [depth, outside] = [0, 0];
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) at = endOfText(body, at);
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    outside += 1;
    if (depth > DEPTH_MAX || outside > OUTSIDE_BYTES_MAX) return false;
  }
  return true;
}

/** @returns where its closing quote stands; the last byte when it has none */
function endOfText(body: Buffer, opening: number): number {
  let end = body.indexOf(QUOTE, opening + 1);
  while (end !== -1 && isEscaped(body, end)) end = body.indexOf(QUOTE, end + 1);
  return end === -1 ? body.length : end;
}

function isEscaped(body: Buffer, quote: number): boolean {
  let slashes = 0;
  while (body[quote - 1 - slashes] === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}
