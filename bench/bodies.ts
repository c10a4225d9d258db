import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
const PHONE_SIZES = [
  [4032, 3024],
  [4800, 3600],
] as const;

/** The shared photos of up to 400 kB. */
export function smallPhotos(folder: string): Bodies {
  const photos = path.join(SHARED_DIR, 'photos');
  const images = ['food11', 'indian_dessert', 'ai_images']
    .flatMap((set) =>
      readdirSync(path.join(photos, set)).map((name) => path.join(photos, set, name)),
    )
    .filter((file) => {
      const { size } = statSync(file);
      return size >= SMALL_BYTES[0] && size <= SMALL_BYTES[1];
    })
    .map((file) => readFileSync(file));
  return written('photos up to 400 kB', folder, images);
}

/** Photos as phones make them: the sharpest of the shared ones, enlarged to 12 and 17 megapixels, as JPEG. */
export async function phonePhotos(folder: string): Promise<Bodies> {
  const set = path.join(SHARED_DIR, 'photos', 'food11');
  const files = readdirSync(set).map((name) => path.join(set, name));
  const largest = files.toSorted((a, b) => statSync(b).size - statSync(a).size);
  const images = await Promise.all(
    PHONE_SIZES.map(([width, height], index) =>
      sharp(largest[index]).resize(width, height, { fit: 'fill' }).jpeg({ quality: 90 }).toBuffer(),
    ),
  );
  return written('phone photos, 12 and 17 MP', folder, images);
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
