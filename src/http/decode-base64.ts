const DATA_URL = /^data:[^,]{0,200};base64,/i;
const FOREIGN = /[^A-Za-z0-9+/=_\-\s]/;

/**
 * The bytes of a base64 text, as clients really send it: with white space, behind a data-URL prefix, or without padding.
 * @returns null for what is no base64
 */
export function decodeBase64(text: string): Buffer | null {
  const bare = text.replace(DATA_URL, '');
  // Decoding skips what is foreign, slowly: megabytes of it are told from base64 by their first character.
  if (FOREIGN.test(bare)) return null;
  return decodeExactly(bare) ?? decodeExactly(bare.replace(/\s+/g, ''));
}

/** Buffer leaves out what is no base64: only a text that decodes to its full length is base64 throughout. */
function decodeExactly(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === exactLength(text) ? bytes : null;
}

/** @returns bytes that a text decodes to when it is base64 throughout; null for a length that none has */
export function exactLength(text: string): number | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = text.length - padding;
  return characters % 4 === 1 ? null : Math.floor((characters * 3) / 4);
}
