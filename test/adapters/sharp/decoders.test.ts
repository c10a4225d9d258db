import assert from 'node:assert/strict';

import sharp from 'sharp';

import { openImage } from '../../../src/adapters/sharp/open-image.ts';

const LIMITS = { bytesMax: 1_000_000, pixelsMax: 1_000_000 };
const picture = () =>
  sharp({ create: { width: 4, height: 3, channels: 3, background: '#8040c0' } });
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>');

/** As sharp itself would read them, past the look at the first bytes: the decoders themselves are closed. */
describe('the decoders that can be reached', () => {
  const closed: readonly [string, () => Promise<Buffer> | Buffer][] = [
    ['SVG', () => SVG],
    ['GIF', () => picture().gif().toBuffer()],
    ['TIFF', () => picture().tiff().toBuffer()],
    ['AVIF and HEIC', () => picture().avif().toBuffer()],
    ['raw PPM', () => Buffer.from('P6 1 1 255\nabc')],
  ];
  for (const [name, bytes] of closed)
    it(`are not those of ${name}`, async () => {
      await assert.rejects(sharp(await bytes()).metadata(), /unsupported image format/);
    });
  for (const format of ['jpeg', 'png', 'webp'] as const)
    it(`are those of ${format}`, async () => {
      const bytes = await picture().toFormat(format).toBuffer();
      assert.equal((await openImage(bytes, LIMITS).metadata()).format, format);
    });
});
