import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';

import { SHARED_DIR } from '../test/servers/fastapi-peer.ts';

/** Request bodies as files, for the load generator, and the images in them. */
export interface Bodies {
  readonly name: string;
  readonly images: readonly Buffer[];
  /** A file that lists the body files, one a line. */
  readonly list: string;
}

const SMALL_BYTES = [20_000, 400_000] as const;
const LIGHT_BYTES_MAX = 100_000;
const PHONE_SIZES = [
  [4032, 3024],
  [4800, 3600],
] as const;

/** Photos of up to 400 kB, as they come. */
export function smallPhotos(folder: string): Bodies {
  return written('photos up to 400 kB', folder, photosBetween(...SMALL_BYTES));
}

/** Photos of up to 100 kB: a generator on the same cores takes little from the server that it loads. */
export function lightPhotos(folder: string): Bodies {
  return written('photos up to 100 kB', folder, photosBetween(SMALL_BYTES[0], LIGHT_BYTES_MAX));
}

function photosBetween(bytesMin: number, bytesMax: number): Buffer[] {
  return photoFiles()
    .filter(({ bytes }) => bytes >= bytesMin && bytes <= bytesMax)
    .map(({ file }) => readFileSync(file));
}

/** Photos as phones make them: the largest files, enlarged to 12 and 17 megapixels, as JPEG. */
export async function phonePhotos(folder: string): Promise<Bodies> {
  const largest = photoFiles().toSorted((a, b) => b.bytes - a.bytes);
  const images = await Promise.all(
    PHONE_SIZES.map(([width, height], index) =>
      sharp(largest[index]?.file)
        .resize(width, height, { fit: 'fill' })
        .jpeg({ quality: 90 })
        .toBuffer(),
    ),
  );
  return written('phone photos, 12 and 17 MP', folder, images);
}

/** The files of BENCH_PHOTOS, or else of the photos beside the project. */
function photoFiles(): { readonly file: string; readonly bytes: number }[] {
  const folder = process.env['BENCH_PHOTOS'] ?? path.join(SHARED_DIR, 'photos');
  if (!existsSync(folder))
    throw new Error(`${folder} is not there: set BENCH_PHOTOS to a folder of photos.`);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .map((name) => path.join(folder, name))
    .toSorted();
  if (files.length < PHONE_SIZES.length)
    throw new Error(`${folder} holds no photos: set BENCH_PHOTOS to a folder that does.`);
  return files.map((file) => ({ file, bytes: statSync(file).size }));
}

function written(name: string, folder: string, images: readonly Buffer[]): Bodies {
  const slug = name.replace(/\W+/g, '-');
  const files = images.map((image, index) => {
    const file = path.join(folder, `${slug}-${index}.json`);
    writeFileSync(file, JSON.stringify({ image: image.toString('base64') }));
    return file;
  });
  const list = path.join(folder, `${slug}.txt`);
  writeFileSync(list, files.map((file) => `${file}\n`).join(''));
  return { name, images, list };
}
