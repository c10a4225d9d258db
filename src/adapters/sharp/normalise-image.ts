import type { Sharp } from 'sharp';

import { UploadRejected } from '../../domain/errors.ts';
import { checkClaims, decodingFailure, type ImageLimits, openImage } from './open-image.ts';

/** An image as it is kept, classified and shown to annotators. */
export interface NormalisedImage {
  /** Upright, sRGB, eight bits, no alpha, no metadata of any kind. */
  readonly jpeg: Buffer;
  readonly width: number;
  readonly height: number;
}

const QUALITY = 90;
/** Each try to get below the byte limit has about half the pixels of the one before. */
const SHRINK = 0.7;
const TRIES = 8;

/**
 * Makes of whatever was sent the one image that everything afterwards works on.
 * Decoding runs outside of the event loop's thread.
 * @param bytes a JPEG, PNG or WebP file; of an animation the first frame counts
 * @param limits of what is sent; the result stays below `bytesMax` too, with fewer pixels where it must be
 * @throws UploadRejected with its reason
 */
export async function normaliseImage(bytes: Buffer, limits: ImageLimits): Promise<NormalisedImage> {
  try {
    const image = openImage(bytes, limits);
    const claims = await image.metadata();
    checkClaims(claims, bytes);
    const { width, height } = claims;
    return await encode(image, Math.max(width, height), limits.bytesMax);
  } catch (error) {
    throw decodingFailure(error);
  }
}

async function encode(
  image: Sharp,
  longerSide: number,
  bytesMax: number,
): Promise<NormalisedImage> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const side = Math.max(1, Math.round(longerSide * SHRINK ** attempt));
    const upright = image.clone().autoOrient();
    const sized = attempt === 0 ? upright : upright.resize(side, side, { fit: 'inside' });
    const { data, info } = await sized
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .jpeg({ quality: QUALITY })
      .toBuffer({ resolveWithObject: true });
    if (data.length <= bytesMax) return { jpeg: data, width: info.width, height: info.height };
  }
  throw new UploadRejected('bytes', `The image does not fit into ${bytesMax} bytes as a JPEG.`);
}
