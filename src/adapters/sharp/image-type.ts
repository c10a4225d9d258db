export type ImageType = 'jpeg' | 'png' | 'webp';

/**
 * What the first bytes say the content is; a file's name and a declared media type are never looked at.
 * @param bytes the start of the content, 12 bytes are enough
 * @returns null for anything that is not taken
 */
export function imageType(bytes: Uint8Array): ImageType | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 12)).toString(
    'latin1',
  );
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'webp';
  return null;
}
