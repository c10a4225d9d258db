import { segmentEnd, START_OF_SCAN } from './jpeg-segments.ts';

const APP0 = 0xe0;
const APP1 = 0xe1;
const APP14 = 0xee;
const APP15 = 0xef;
const COMMENT = 0xfe;
const EXIF = Buffer.from('Exif\0\0', 'latin1');
const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const IFD_ENTRY_BYTES = 12;
/** More than any encoder writes in front of a scan; a file may be made of millions. */
const KEPT_MAX = 1000;

/**
 * A JPEG with the same pixels and the same orientation, without Exif, XMP, colour profile and comments: libvips spends
 * longer on parsing these than on decoding a small photo.
 * @param jpeg belongs to this function afterwards: what is kept is moved inside it, as copying a large photo costs too
 * @returns the very same bytes where anything about them is unusual: then the decoder decides
 */
export function withoutMetadata(jpeg: Buffer): Buffer {
  const kept = [jpeg.subarray(0, 2)];
  let exifs = 0;
  for (let at = 2; ;) {
    const end = segmentEnd(jpeg, at);
    if (end === null) return jpeg;
    const marker = jpeg[at + 1] ?? 0;
    if (marker === START_OF_SCAN) return movedTo(jpeg, at, Buffer.concat(kept));
    if (!isMetadata(marker)) kept.push(jpeg.subarray(at, end));
    else if (marker === APP1 && isExif(jpeg, at + 4)) {
      const orientation = orientationOf(jpeg.subarray(at + 4 + EXIF.length, end));
      if (orientation === null || ++exifs > 1) return jpeg;
      if (orientation > 1) kept.push(orientationSegment(orientation));
    }
    if (kept.length > KEPT_MAX) return jpeg;
    at = end;
  }
}

const isExif = (jpeg: Buffer, at: number): boolean =>
  jpeg.subarray(at, at + EXIF.length).equals(EXIF);

/** The file from its scan on, with this head directly before it. */
function movedTo(jpeg: Buffer, scan: number, head: Buffer): Buffer {
  if (head.length >= scan) return jpeg;
  head.copy(jpeg, scan - head.length);
  return jpeg.subarray(scan - head.length);
}

/** The first application segment is JFIF's, the one before the last says how colours are stored: decoding needs both. */
const isMetadata = (marker: number): boolean =>
  (marker > APP0 && marker <= APP15 && marker !== APP14) || marker === COMMENT;

/**
 * The orientation that Exif data give.
 * @param tiff the data behind their name
 * @returns 1 to 8, 1 where they give none; null when they can't be read
 */
function orientationOf(tiff: Buffer): number | null {
  const order = tiff.toString('latin1', 0, 4);
  if ((order !== 'II*\0' && order !== 'MM\0*') || tiff.length < 8) return null;
  const isLittle = order.startsWith('I');
  const short = (at: number): number => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return null;
  const end = directory + 2 + short(directory) * IFD_ENTRY_BYTES;
  if (end > tiff.length) return null;
  for (let entry = directory + 2; entry < end; entry += IFD_ENTRY_BYTES) {
    if (short(entry) !== ORIENTATION_TAG) continue;
    if (short(entry + 2) !== SHORT) return null;
    const orientation = short(entry + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** An Exif segment that says nothing else. */
function orientationSegment(orientation: number): Buffer {
  const head = '\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0';
  return Buffer.from(`${head}${String.fromCharCode(orientation)}${'\0'.repeat(6)}`, 'latin1');
}
