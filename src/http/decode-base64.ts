const DATA_URL = /^data:[^,]{0,200};base64,/i;

/**
 * The bytes of a base64 text, as clients really send it: with white space, behind a data-URL prefix, or without padding.
 * @returns null for what is no base64
 */
export const decodeBase64 = (text: string): Buffer | null =>
  decodeExactly(text) ?? decodeExactly(text.replace(DATA_URL, '').replace(/\s+/g, ''));

/** Buffer leaves out what is no base64: only a text that decodes to its full length is base64 throughout. */
export function decodeExactly(text: string): Buffer | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  return characters % 4 !== 1 && bytes.length === Math.floor((characters * 3) / 4) ? bytes : null;
}
