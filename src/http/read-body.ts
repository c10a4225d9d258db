import type { IncomingMessage } from 'node:http';

import { Overloaded, UploadRejected } from '../domain/errors.ts';

/** Bytes of bodies that are being received; slow senders could otherwise fill the memory behind the queue's back. */
export interface BodyBudget {
  /** @throws Overloaded when so many more bytes do not fit just now */
  take(bytes: number): void;
  giveBack(bytes: number): void;
}

/** Bodies that may be on their way at the same time, in bodies of the largest size. */
const BODIES_MAX = 16;

/** @param bytesMax of the largest body */
export function createBodyBudget(bytesMax: number): BodyBudget {
  const room = BODIES_MAX * bytesMax;
  let taken = 0;
  return {
    take(bytes) {
      if (taken > 0 && taken + bytes > room)
        throw new Overloaded('queue_full', 'Too much is being received: try again shortly.', 1);
      taken += bytes;
    },
    giveBack(bytes) {
      taken -= bytes;
    },
  };
}

/** Longer bodies by this factor are let run out before they are refused; beyond it the connection is just closed. */
const RUN_OUT_FACTOR = 4;

/**
 * What a body will need at most, by what its headers say.
 * @throws UploadRejected `bytes` when that is too much, `type` when it is compressed, `corrupt` when the client has left
 */
export async function announcedBytes(request: IncomingMessage, bytesMax: number): Promise<number> {
  // Its end was told before anybody listened: whoever waited for it now would wait for ever.
  if (request.destroyed) throw brokenOff();
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new UploadRejected(
      'type',
      `Content-Encoding is ${encoding.slice(0, 100)}: send the body uncompressed.`,
    );
  const announced = request.headers['content-length'];
  const bytes = announced === undefined ? bytesMax : Number(announced);
  if (bytes <= bytesMax) return bytes;
  // A browser that is cut off while it sends shows no answer, only that the connection broke.
  if (bytes <= RUN_OUT_FACTOR * bytesMax) await runOut(request);
  throw tooLong(bytesMax);
}

function runOut(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    request.once('close', resolve).once('end', resolve).once('error', resolve).resume();
  });
}

/** The whole body. @throws as readChunks */
export const readBody = async (request: IncomingMessage, bytesMax: number): Promise<Buffer> =>
  Buffer.concat(await readChunks(request, bytesMax));

/**
 * The whole body in the pieces in which it came.
 * @param look is shown each piece at once
 * @throws UploadRejected `bytes` as soon as it is longer than allowed, `corrupt` when the client breaks off
 */
export function readChunks(
  request: IncomingMessage,
  bytesMax: number,
  look: (chunk: Buffer) => void = () => undefined,
): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) {
        chunks.push(chunk);
        look(chunk);
      } else {
        chunks.length = 0;
        reject(tooLong(bytesMax));
      }
    });
    request.once('end', () => {
      resolve(chunks);
    });
    const breakOff = (): void => {
      reject(brokenOff());
    };
    request.once('close', breakOff).once('error', breakOff);
  });
}

/** The pieces of a body as they come. @throws UploadRejected `corrupt` when the client breaks off */
export async function* streamBody(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request as AsyncIterable<Buffer>;
  } catch {
    throw brokenOff();
  }
}

const brokenOff = (): UploadRejected => new UploadRejected('corrupt', 'The body broke off.');

const tooLong = (bytesMax: number): UploadRejected =>
  new UploadRejected('bytes', `The request is too large: send at most ${bytesMax} bytes.`);
