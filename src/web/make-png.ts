import { crc32, deflateSync } from 'node:zlib';

/** Red, green and blue, each in [0, 1]. */
export type Colour = readonly [red: number, green: number, blue: number];

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const EIGHT_BITS_RGB = [8, 2, 0, 0, 0];

/**
 * A PNG painted point by point.
 * @param paint gets x and y in [0, 1)
 */
export function makePng(
  width: number,
  height: number,
  paint: (x: number, y: number) => Colour,
): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const colour = paint(column / width, row / height);
      const offset = row * (1 + width * 3) + 1 + column * 3;
      colour.forEach((value, index) => rows.writeUInt8(level(value), offset + index));
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(EIGHT_BITS_RGB, 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const level = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 255);

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
