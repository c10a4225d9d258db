export const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const FILLING = 0xff;
const SEQUENTIAL_FRAMES = new Set([0xc0, 0xc1]);

/**
 * Whether a JPEG's pixels come row by row, as in nearly all of them: the decoder then takes no memory for what never comes.
 * @returns false where a scan leaves out colours, for the decoder then keeps all rows, and where anything is unusual
 */
export function isSequential(jpeg: Buffer): boolean {
  let components: number | null = null;
  for (let at = 2; ;) {
    const end = segmentEnd(jpeg, at);
    if (end === null) return false;
    const marker = jpeg[at + 1] ?? 0;
    if (marker === START_OF_SCAN) return jpeg[at + 4] === components;
    if (SEQUENTIAL_FRAMES.has(marker)) components = jpeg[at + 9] ?? null;
    at = end;
  }
}

/**
 * Whether a JPEG's scans hold so many bytes of code; what stands before, between and behind them is no pixel's.
 * @param wanted is all that is counted
 */
export function holdsCode(jpeg: Buffer, wanted: number): boolean {
  let held = 0;
  let isInScan = false;
  for (let at = 2; held < wanted && at < jpeg.length;) {
    const marker = jpeg[at] === 0xff ? (jpeg[at + 1] ?? END_OF_IMAGE) : 0;
    if (marker === 0) {
      // A byte of code, or two that stand for 255.
      if (isInScan) held += 1;
      at += jpeg[at] === 0xff ? 2 : 1;
    } else if (marker === FILLING) at += 1;
    else if (isRestart(marker)) at += 2;
    else {
      const end = segmentEnd(jpeg, at);
      if (end === null) return false;
      isInScan = marker === START_OF_SCAN;
      at = end;
    }
  }
  return held >= wanted;
}

/** Where the segment that begins at a marker ends; null when there is none or it does not end inside the file. */
export function segmentEnd(jpeg: Buffer, at: number): number | null {
  if (at + 4 > jpeg.length || jpeg[at] !== 0xff) return null;
  const hasLength = (jpeg[at + 1] ?? 0) >= 0xc0 && !isBare(jpeg[at + 1] ?? 0);
  const end = at + 2 + jpeg.readUInt16BE(at + 2);
  return hasLength && end >= at + 4 && end <= jpeg.length ? end : null;
}

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

/** Restart marks, start and end of the image, and filling: nothing that has a length, and not expected here. */
const isBare = (marker: number): boolean =>
  (marker >= 0xd0 && marker <= END_OF_IMAGE) || marker === FILLING;
