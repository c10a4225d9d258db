const NEWLINE = 0x0a;

/**
 * Splits a stream of bytes into lines, without their ends; an empty one is left out.
 * @param bytesMax of one line
 * @returns each line as it came, or null for one that is longer; numbers begin with 1 and count empty lines too
 */
export async function* readLines(
  source: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<{ readonly number: number; readonly bytes: Buffer | null }> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer): void => {
    length += part.length;
    // What is too long is not kept, only measured.
    if (length > bytesMax) parts = [];
    else parts.push(part);
  };
  const line = (): { number: number; bytes: Buffer | null } => ({
    number,
    bytes: length > bytesMax ? null : Buffer.concat(parts),
  });
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      const read = line();
      if (!isEmpty(read.bytes)) yield read;
      number += 1;
      parts = [];
      length = 0;
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  const last = line();
  if (!isEmpty(last.bytes)) yield last;
}

/** A line of Windows ends in a carriage return. */
const isEmpty = (bytes: Buffer | null): boolean =>
  bytes !== null && (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0x0d));
