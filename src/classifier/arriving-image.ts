import { exactLength } from '../http/decode-base64.ts';
import { markMovable } from '../threads/movable.ts';

/** `{"image":"` with white space wherever JSON allows it. */
const HEAD = /^\s*\{\s*"image"\s*:\s*"/;
const HEAD_BYTES = 64;
const TAIL = /^"\s*\}\s*$/;
const TAIL_BYTES = 64;
const QUOTE = 0x22;

/** The image of a JSON body that is still on its way. */
export interface ArrivingImage {
  add(chunk: Buffer): void;
  /** @returns the image when all has come; null when the body is anything but one field of plain base64 */
  finish(): Buffer | null;
}

/**
 * Nearly every body is one field of plain base64: it is decoded piece by piece as it comes, so that no text of it is ever
 * whole in memory. Any other character in between (a second field's quotes, a backslash) makes a piece too short, and the
 * body has to be parsed the long way.
 * @param bodyBytes announced; the image needs no more than three quarters of it
 */
export function createArrivingImage(bodyBytes: number): ArrivingImage {
  let state: 'head' | 'text' | 'tail' | 'unusual' = 'head';
  let image = Buffer.alloc(0);
  let length = 0;
  let rest = '';

  const decode = (text: string, isLast: boolean): void => {
    const written = image.write(text, length, 'base64');
    length += written;
    // Only the last piece may be padded.
    if (written !== (isLast ? exactLength(text) : (text.length * 3) / 4)) state = 'unusual';
  };
  const begin = (chunk: Buffer): void => {
    const head = HEAD.exec(chunk.toString('latin1', 0, HEAD_BYTES))?.[0];
    state = head === undefined ? 'unusual' : 'text';
    if (head === undefined) return;
    // Memory of its own, which the workers can take over.
    image = Buffer.allocUnsafeSlow(Math.ceil((bodyBytes * 3) / 4));
    addText(chunk.subarray(head.length));
  };
  const addText = (chunk: Buffer): void => {
    const end = chunk.indexOf(QUOTE);
    rest += chunk.toString('latin1', 0, end < 0 ? chunk.length : end);
    // The last four characters may be padded, and wait for what follows.
    const ready = end < 0 ? 4 * Math.floor((rest.length - 1) / 4) : rest.length;
    decode(rest.slice(0, ready), end >= 0);
    rest = rest.slice(ready);
    if (state !== 'text' || end < 0) return;
    state = 'tail';
    addTail(chunk.subarray(end));
  };
  const addTail = (chunk: Buffer): void => {
    if (rest.length + chunk.length > TAIL_BYTES) state = 'unusual';
    else rest += chunk.toString('latin1');
  };
  return {
    add(chunk) {
      if (state === 'head') begin(chunk);
      else if (state === 'text') addText(chunk);
      else if (state === 'tail') addTail(chunk);
    },
    finish: () =>
      state === 'tail' && TAIL.test(rest) ? markMovable(image.subarray(0, length)) : null,
  };
}
