const NEWLINE = 0x0a;
/** A line that is longer by this factor may never end: it is the last one. */
const RUN_OUT_FACTOR = 2;

/** One line of a stream; numbers begin with 1 and count empty lines too. */
export interface ReadLine {
  readonly number: number;
  /** As it came, without its end; null: it is too long. */
  readonly bytes: Buffer | null;
}

/**
 * Splits a stream of bytes into lines; an empty one is left out. After a line of more than twice `bytesMax` nothing more is
 * read.
 * @param bytesMax of one line
 */
export async function* readLines(
  source: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<ReadLine> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer): void => {
    length += part.length;
    // What is too long is not kept, only measured.
    if (length > bytesMax) parts = [];
    else parts.push(part);
  };
  const line = (): ReadLine => ({
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
    if (length > RUN_OUT_FACTOR * bytesMax) break;
  }
  const last = line();
  if (!isEmpty(last.bytes)) yield last;
}

/** A line of Windows ends in a carriage return. */
const isEmpty = (bytes: Buffer | null): boolean =>
  bytes !== null && (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0x0d));
