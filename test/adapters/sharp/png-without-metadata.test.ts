import assert from 'node:assert/strict';

import sharp, { type Sharp } from 'sharp';

import { pngWithoutMetadata } from '../../../src/adapters/sharp/png-without-metadata.ts';
import { pngChunk as chunk } from '../../fixtures/hostile-images.ts';
import { referenceBytes } from './preprocessing-reference.ts';

const HEADER_END = 33;
const plain = (): Sharp =>
  sharp({ create: { width: 6, height: 4, channels: 3, background: '#8040c0' } });

async function withChunks(...chunks: readonly Buffer[]): Promise<Buffer> {
  const png = await plain().png().toBuffer();
  return Buffer.concat([png.subarray(0, HEADER_END), ...chunks, png.subarray(HEADER_END)]);
}

const TEXTS = ['tEXt', 'zTXt', 'iTXt', 'sPLT', 'prVt'];

describe('a PNG without its metadata', () => {
  const files = ['alpha', 'bilevel', 'exact-224', 'grey-alpha', 'grey', 'palette-alpha', 'palette'];
  for (const file of [...files, 'tiny'].map((name) => `${name}.png`))
    it(`has the same pixels: ${file}`, async () => {
      const png = referenceBytes(file);
      const lean = pngWithoutMetadata(png);
      const pixels = (bytes: Buffer): Promise<Buffer> => sharp(bytes).raw().toBuffer();
      assert.deepEqual(await pixels(lean), await pixels(png));
    });

  for (const name of TEXTS)
    it(`has lost ${name}`, async () => {
      const full = await withChunks(chunk(name, Buffer.from('a\0b')));
      assert.ok(!pngWithoutMetadata(full).includes(name));
      assert.deepEqual(pngWithoutMetadata(full), await withChunks());
    });

  it('has kept its orientation and its colour profile', async () => {
    const full = await plain()
      .withMetadata({ orientation: 6, density: 300 })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const kept = await sharp(pngWithoutMetadata(full)).metadata();
    assert.deepEqual([kept.orientation, kept.density], [6, 300]);
    assert.deepEqual(kept.icc, (await sharp(full).metadata()).icc);
  });

  it('has lost Exif longer than a JPEG could hold', async () => {
    const exif = (bytes: number): Buffer =>
      chunk('eXIf', Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), Buffer.alloc(bytes)]));
    const [short, long] = [await withChunks(exif(60_000)), await withChunks(exif(66_000))];
    assert.equal(pngWithoutMetadata(short), short);
    assert.deepEqual(pngWithoutMetadata(long), await withChunks());
  });

  it('has one chunk of each kind', async () => {
    const gamma = chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f]));
    assert.deepEqual(pngWithoutMetadata(await withChunks(gamma, gamma)), await withChunks(gamma));
  });

  it('is the very same file where there is nothing to leave out, or nothing can be told', async () => {
    const text = chunk('tEXt', Buffer.from('a\0b'));
    const whole = await withChunks();
    const unusual: Record<string, Buffer> = {
      'only pixels': whole,
      'no chunk': whole.subarray(0, 8),
      'a chunk that breaks off': whole.subarray(0, 20),
      'a text that breaks off': Buffer.concat([whole.subarray(0, HEADER_END), text.subarray(0, 9)]),
      'a text behind the pixels': Buffer.concat([whole.subarray(0, -12), text]),
      'a text behind a chunk that nobody knows': await withChunks(chunk('NoNe', text), text),
    };
    for (const [what, bytes] of Object.entries(unusual))
      assert.equal(pngWithoutMetadata(bytes), bytes, what);
  });
});
