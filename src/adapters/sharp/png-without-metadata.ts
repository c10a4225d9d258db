import { inflateSync } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** A chunk's length and name in front of its content, and its checksum behind. */
const AROUND_CONTENT_BYTES = 12;
const nameOf = (name: string): number => Buffer.from(name, 'latin1').readUInt32BE();
/** Of an ancillary chunk, which a decoder may pass over, the first letter is a small one. */
const ANCILLARY_BIT = 0x20_00_00_00;
const PROFILE = nameOf('iCCP');
const EXIF = nameOf('eXIf');
/** What pixels, colours, resolution and orientation are read from. Everything else goes. */
const KEPT = new Set([
  ...['IHDR', 'PLTE', 'tRNS', 'bKGD', 'sBIT', 'pHYs'].map(nameOf),
  ...['gAMA', 'cHRM', 'sRGB', 'cICP'].map(nameOf),
  ...[PROFILE, EXIF],
]);

/** As many as fit into the segment of a JPEG that Exif was made for. */
const EXIF_BYTES_MAX = 65_535;
/** A printer's profile has two million bytes; a few kilobytes in the file could unpack to a hundred. */
const PROFILE_BYTES_MAX = 4_000_000;

/**
 * A PNG with the same pixels, colours and orientation, without texts and all else that stands in front of the pixels: its
 * decoder unpacks every text, of whatever size. Behind their beginning it reads pixels only.
 * @param png is left as it is
 * @returns the very same bytes where nothing is to be left out; from an unusual chunk on the decoder decides
 */
export function pngWithoutMetadata(png: Buffer): Buffer {
  // The first of each kind, as in its decoder: of other ones there may be as many as fit into the file.
  const kept = new Map<number, Buffer>();
  let keptBytes = SIGNATURE_BYTES;
  let at = SIGNATURE_BYTES;
  for (let end = chunkEnd(png, at); end !== null; end = chunkEnd(png, at)) {
    const name = png.readUInt32BE(at + 4);
    const isFirstOfKept = KEPT.has(name) && !kept.has(name);
    if ((name & ANCILLARY_BIT) === 0 && !isFirstOfKept) break;
    if (isFirstOfKept) {
      const chunk = png.subarray(at, end);
      kept.set(name, isBounded(name, chunk) ? chunk : Buffer.alloc(0));
      keptBytes += kept.get(name)?.length ?? 0;
    }
    at = end;
  }
  if (keptBytes === at) return png;
  return Buffer.concat([png.subarray(0, SIGNATURE_BYTES), ...kept.values(), png.subarray(at)]);
}

/** Where the chunk that begins here ends; null when that is outside of the file. */
function chunkEnd(png: Buffer, at: number): number | null {
  if (at + AROUND_CONTENT_BYTES > png.length) return null;
  const end = at + AROUND_CONTENT_BYTES + png.readUInt32BE(at);
  return end <= png.length ? end : null;
}

/** Whether what the decoder makes of a chunk is about as small as the chunk. */
function isBounded(name: number, chunk: Buffer): boolean {
  const content = chunk.subarray(8, -4);
  if (name === EXIF) return content.length <= EXIF_BYTES_MAX;
  return name !== PROFILE || unpacksTo(PROFILE_BYTES_MAX, content);
}

/** Whether a profile has at most so many bytes; of one that can't be unpacked the decoder takes no more than came. */
function unpacksTo(bytesMax: number, content: Buffer): boolean {
  try {
    // Behind its name and one byte for the only method that there is.
    inflateSync(content.subarray(content.indexOf(0) + 2), { maxOutputLength: bytesMax });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE';
  }
}
