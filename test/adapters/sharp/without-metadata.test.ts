import assert from 'node:assert/strict';

import sharp from 'sharp';

import { withoutMetadata } from '../../../src/adapters/sharp/without-metadata.ts';
import { referenceBytes } from './preprocessing-reference.ts';

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];

/** Upright pixels, as the decoder gives them. */
const pixels = (jpeg: Buffer): Promise<Buffer> => sharp(jpeg).autoOrient().raw().toBuffer();

/** A small photo, with a segment put in front of all others. */
async function withSegment(marker: number, content: Buffer): Promise<Buffer> {
  const plain = await sharp(referenceBytes('egg.jpg')).jpeg().toBuffer();
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([plain.subarray(0, 2), head, content, plain.subarray(2)]);
}

/** Exif data with one entry, in either byte order. */
function exif(order: 'II' | 'MM', tag: number, type: number, value: number): Buffer {
  const data = Buffer.alloc(26);
  data.write(order, 'latin1');
  const isLittle = order === 'II';
  const short = (n: number, at: number): number =>
    isLittle ? data.writeUInt16LE(n, at) : data.writeUInt16BE(n, at);
  const long = (n: number, at: number): number =>
    isLittle ? data.writeUInt32LE(n, at) : data.writeUInt32BE(n, at);
  short(42, 2);
  long(8, 4);
  short(1, 8);
  short(tag, 10);
  short(type, 12);
  long(1, 14);
  short(value, 18);
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), data]);
}

describe('a JPEG without its metadata', () => {
  for (const orientation of ORIENTATIONS)
    it(`has the same upright pixels, stored in orientation ${orientation}`, async () => {
      const jpeg = referenceBytes(`orientation-${orientation}.jpg`);
      const expected = await pixels(jpeg);
      const lean = withoutMetadata(jpeg);
      assert.ok(lean.length <= jpeg.length);
      assert.deepEqual(await pixels(lean), expected);
    });

  for (const order of ['II', 'MM'] as const)
    it(`keeps an orientation that is written in the byte order ${order}, and only that`, async () => {
      const jpeg = await withSegment(0xe1, exif(order, 0x0112, 3, 6));
      const { orientation } = await sharp(withoutMetadata(jpeg)).metadata();
      assert.equal(orientation, 6);
      const other = withoutMetadata(await withSegment(0xe1, exif(order, 0x0110, 3, 6)));
      assert.equal((await sharp(other).metadata()).exif, undefined);
    });

  for (const file of ['cmyk.jpg', 'grey.jpg', 'progressive.jpg', 'large.jpg'])
    it(`has the same pixels: ${file}`, async () => {
      const expected = await pixels(referenceBytes(file));
      assert.deepEqual(await pixels(withoutMetadata(referenceBytes(file))), expected);
    });

  it('has lost Exif, XMP, colour profile and comment', async () => {
    const full = await sharp(referenceBytes('egg.jpg'))
      .withExif({ IFD0: { Artist: 'nobody' } })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
      .withIccProfile('p3')
      .jpeg()
      .toBuffer();
    const lean = await sharp(withoutMetadata(full)).metadata();
    assert.deepEqual([lean.exif, lean.xmp, lean.icc], [undefined, undefined, undefined]);
    const commented = await withSegment(0xfe, Buffer.from('a comment'));
    assert.ok(!withoutMetadata(commented).includes('a comment'));
  });

  it('is the very same file where something about it is unusual', async () => {
    const filled = await withSegment(0xe1, exif('MM', 0x0112, 3, 6));
    const twoExifs = Buffer.concat([
      filled.subarray(0, 2),
      filled.subarray(2, filled.indexOf(0xff, 3)),
      filled.subarray(2),
    ]);
    const unusual: Record<string, Buffer> = {
      'two Exif segments': twoExifs,
      'an orientation that is no short number': await withSegment(0xe1, exif('II', 0x0112, 4, 6)),
      'Exif in no byte order': await withSegment(0xe1, Buffer.from('Exif\0\0XX\0*\0\0\0\x08')),
      'Exif that breaks off': await withSegment(0xe1, exif('II', 0x0112, 3, 6).subarray(0, 20)),
      'a segment longer than the file': filled.subarray(0, 20),
      'a segment without its own length': Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 1, 0, 0]),
      'no segment': Buffer.from([0xff, 0xd8, 0xff]),
      'an end at once': Buffer.from([0xff, 0xd8, 0xff, 0xd9, 0, 0]),
      'filling before a segment': Buffer.concat([
        filled.subarray(0, 2),
        Buffer.from([0xff]),
        filled.subarray(2),
      ]),
    };
    for (const [what, bytes] of Object.entries(unusual))
      assert.equal(withoutMetadata(bytes), bytes, what);
  });
});
