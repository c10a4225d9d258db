import type { Config } from './parse-config.ts';

/** What an image may be at most: bytes as it is sent, pixels before any of them is decoded. */
export const uploadLimits = ({
  UPLOAD_BYTES_MAX: bytesMax,
  UPLOAD_PIXELS_MAX: pixelsMax,
}: Config): { readonly bytesMax: number; readonly pixelsMax: number } => ({ bytesMax, pixelsMax });
