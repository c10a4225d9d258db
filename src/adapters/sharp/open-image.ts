import { isMainThread } from 'node:worker_threads';

import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';

import { UploadRejected } from '../../domain/errors.ts';
import { imageType } from './image-type.ts';
import { holdsCode } from './jpeg-segments.ts';
import { pngWithoutMetadata } from './png-without-metadata.ts';

/** What an image may be at most before any of its pixels is decoded. */
export interface ImageLimits {
  readonly bytesMax: number;
  readonly pixelsMax: number;
}

/** A JPEG holds no longer side, and nothing that people photograph comes near it. */
const SIDE_MAX = 65_000;
const CHANNELS_MAX = 5;

/*
 * Libvips' settings belong to the process, not to the thread. Blocking everything first and then letting three
 * decoders back in would, for a moment, fail the decoding of another thread: so only the main thread does it, once.
 */
if (isMainThread) {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'],
  });
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * The only way to an image's pixels. Nothing is decoded yet when it returns.
 * @param bytes the content as it came
 * @param options what is left out of decoding
 * @throws UploadRejected `missing` (no bytes), `bytes` (too many), `type` (neither JPEG, PNG nor WebP)
 */
export function openImage(
  bytes: Buffer,
  limits: ImageLimits,
  options: Pick<SharpOptions, 'ignoreIcc'> = {},
): Sharp {
  if (bytes.length === 0)
    throw new UploadRejected('missing', 'The image is empty: send a JPEG, PNG or WebP file.');
  if (bytes.length > limits.bytesMax)
    throw new UploadRejected(
      'bytes',
      `The image has ${bytes.length} bytes: send at most ${limits.bytesMax}.`,
    );
  const type = imageType(bytes);
  if (type === null)
    throw new UploadRejected('type', 'This is no JPEG, PNG or WebP image: send one of these.');
  return sharp(type === 'png' ? pngWithoutMetadata(bytes) : bytes, {
    ...options,
    limitInputPixels: limits.pixelsMax,
    limitInputChannels: CHANNELS_MAX,
    pages: 1,
    failOn: 'warning',
    sequentialRead: true,
  });
}

/** Bits of the smallest block of 8 x 8 pixels in a JPEG: its own coefficient, in Huffman code. */
const PIXELS_PER_BYTE_MAX = 8 * 8 * 8;

/**
 * Holds what an image says of itself against what can be, before any memory is taken for its pixels.
 * @param claims the image's metadata
 * @param bytes its content
 * @throws UploadRejected `pixels` for sides that no encoder here could write, `corrupt` for a JPEG in
 *   several scans that are too short for its size: its decoder would first take memory for all the pixels that never come
 */
export function checkClaims(
  {
    width,
    height,
    isProgressive,
    format,
  }: Pick<Metadata, 'width' | 'height' | 'isProgressive' | 'format'>,
  bytes: Buffer,
): void {
  if (Math.max(width, height) > SIDE_MAX)
    throw new UploadRejected(
      'pixels',
      `The image is ${width} x ${height} pixels: send one whose longer side is at most ${SIDE_MAX}.`,
    );
  if (
    format === 'jpeg' &&
    isProgressive &&
    !holdsCode(bytes, (width * height) / PIXELS_PER_BYTE_MAX)
  )
    throw damaged();
}

/**
 * Says a decoder's failure in our words; a refusal of our own passes unchanged.
 * @param error what opening or decoding threw
 */
export function decodingFailure(error: unknown): UploadRejected {
  if (error instanceof UploadRejected) return error;
  const said = error instanceof Error ? error.message : String(error);
  if (/exceeds (pixel|channel) limit/i.test(said))
    return new UploadRejected('pixels', 'The image has too many pixels: send a smaller one.', {
      cause: error,
    });
  if (/unsupported image format/i.test(said))
    return new UploadRejected(
      'type',
      'This is no JPEG, PNG or WebP image that can be read: send one of these.',
      { cause: error },
    );
  return damaged({ cause: error });
}

const damaged = (options?: { cause: unknown }): UploadRejected =>
  new UploadRejected(
    'corrupt',
    'The image is damaged or incomplete: save it again and send it once more.',
    options,
  );
