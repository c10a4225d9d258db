import type { IncomingMessage } from 'node:http';

import { Overloaded } from '../domain/errors.ts';
import { RequestRefused } from './faults.ts';

/** Bytes of bodies that are being received; slow senders could otherwise fill the memory behind the queue's back. */
export interface BodyBudget {
  /** @throws Overloaded when so many more bytes do not fit just now */
  take(bytes: number): void;
  giveBack(bytes: number): void;
}

export function createBodyBudget(bytesMax: number): BodyBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken > 0 && taken + bytes > bytesMax)
        throw new Overloaded('queue_full', 'Too much is being received: try again shortly.', 1);
      taken += bytes;
    },
    giveBack(bytes) {
      taken -= bytes;
    },
  };
}

/**
 * What a body will need at most, by what its headers say.
 * @throws RequestRefused 413 when that is too much, 415 when it is compressed
 */
export function announcedBytes(request: IncomingMessage, bytesMax: number): number {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new RequestRefused(415, `Content-Encoding is ${encoding}: send the body uncompressed.`);
  const announced = request.headers['content-length'];
  const bytes = announced === undefined ? bytesMax : Number(announced);
  if (bytes > bytesMax) throw tooLarge(bytesMax);
  return bytes;
}

/**
 * The whole body.
 * @throws RequestRefused 413 as soon as it is longer than allowed, 400 when the client breaks off
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge(bytesMax));
      }
    });
    request.once('end', () => {
      resolve(Buffer.concat(chunks, length <= bytesMax ? length : 0));
    });
    request.once('close', () => {
      reject(new RequestRefused(400, 'The body broke off.'));
    });
    request.once('error', () => {
      reject(new RequestRefused(400, 'The body broke off.'));
    });
  });
}

const tooLarge = (bytesMax: number): RequestRefused =>
  new RequestRefused(413, `The request is too large: send at most ${bytesMax} bytes.`);
