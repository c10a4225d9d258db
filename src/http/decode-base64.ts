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
  // It leaves out what is no base64: only a text that decodes to its full length is base64 throughout.
  const bytes = Buffer.from(bare, 'base64');
  const isWhole = bytes.length === exactLength(bare) || bytes.length === exactSpacedLength(bare);
  return isWhole ? bytes : null;
}

/** @returns bytes that a text decodes to when it is base64 throughout; null for a length that none has */
export function exactLength(text: string): number | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return bytesIn(text.length - padding);
}

const [SPACE, EQUALS, DELETE] = [0x20, 0x3d, 0x7f];

/**
 * The same where white space stands in between: it is counted, since taking it out makes a text of each piece. Bytes are
 * counted several times as fast as the characters of a text.
 * @param text of base64, padding and white space
 */
function exactSpacedLength(text: string): number | null {
  let [characters, padding] = [0, 0];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === EQUALS) padding += 1;
    else if (byte > SPACE && byte < DELETE) {
      if (padding > 0) return null;
      characters += 1;
    }
  }
  return padding > 2 ? null : bytesIn(characters);
}

/** @param characters of base64 without padding */
const bytesIn = (characters: number): number | null =>
  characters % 4 === 1 ? null : Math.floor((characters * 3) / 4);
