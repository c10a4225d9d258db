import assert from 'node:assert/strict';

import fc from 'fast-check';
import sharp from 'sharp';

import { HashIndex, NEAR_BITS } from '../../scripts/dataset/hash-index.ts';
import { perceptualHash } from '../../scripts/dataset/perceptual-hash.ts';
import { SuspiciousLabels } from '../../scripts/dataset/suspicious-labels.ts';
import { createChance } from '../../scripts/simulate/chance.ts';

/** Soft patches of light and colour; another seed, another picture. */
function somePicture(seed: number): Promise<Buffer> {
  const chance = createChance(seed);
  const patches = Uint8Array.from({ length: 12 * 10 * 3 }, () =>
    Math.floor(256 * chance.uniform()),
  );
  return sharp(patches, { raw: { width: 12, height: 10, channels: 3 } })
    .resize(600, 500, { fit: 'fill', kernel: 'cubic' })
    .jpeg()
    .toBuffer();
}
const hex = (value: bigint): string => value.toString(16).padStart(16, '0');

function distanceOf(a: bigint, b: bigint): number {
  return (a ^ b).toString(2).replaceAll('0', '').length;
}

describe('finding near-duplicates', () => {
  it('finds the nearest of all hashes within seven bits, as comparing each with each does', () => {
    const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const flips = fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 40 }), hash, flips, (kept, other, bits) => {
        const index = new HashIndex();
        kept.forEach((value, name) => {
          index.add(hex(value), name);
        });
        const asked = bits.reduce((value, bit) => value ^ (1n << BigInt(bit)), kept[0] ?? other);
        const least = Math.min(...kept.map((value) => distanceOf(value, asked)));
        const found = index.nearest(hex(asked));
        assert.equal(found?.distance ?? Infinity, least <= NEAR_BITS ? least : Infinity);
      }),
    );
  });

  it('keeps more than it had room for at first', () => {
    const index = new HashIndex();
    const hashOf = (n: number): string =>
      hex((BigInt(n) * 0x9e37_79b9_7f4a_7c15n) & (2n ** 64n - 1n));
    for (let n = 1; n <= 5000; n += 1) index.add(hashOf(n), n);
    for (const n of [1, 1024, 1025, 5000])
      assert.deepEqual(index.nearest(hashOf(n)), { name: n, distance: 0 });
  });

  it('knows a picture again after re-encoding and scaling, and tells others apart', async () => {
    const pictures = await Promise.all([1, 2, 3, 4, 5, 6].map(somePicture));
    const index = new HashIndex();
    for (const [name, picture] of pictures.entries()) {
      const hash = await perceptualHash(picture);
      assert.ok(hash !== null);
      assert.equal(index.nearest(hash), null, `${name} is taken for another picture`);
      index.add(hash, name);
    }
    for (const [name, picture] of pictures.entries()) {
      const copy = await sharp(picture).resize(150).jpeg({ quality: 60 }).toBuffer();
      assert.equal(index.nearest((await perceptualHash(copy)) ?? '')?.name, name);
    }
    assert.equal(await perceptualHash(Buffer.from('no picture')), null);
  });
});

describe('suspicious labels', () => {
  const row = (label: string, soup: number, source: 'annotators' | 'model' = 'annotators') => ({
    ...{ class: label, predicted_class: soup > 0.5 ? 'Soup' : 'Rice' },
    ...{ confidence: Math.max(soup, 1 - soup), label_source: source },
    probabilities: { Soup: soup, Rice: 1 - soup },
  });

  it('are those that the model contradicts as surely as it says that class elsewhere', () => {
    const labels = new SuspiciousLabels();
    const rows = [row('Soup', 0.9), row('Soup', 0.7), row('Rice', 0.1), row('Rice', 0.95)];
    for (const item of rows) labels.learn(item);
    assert.deepEqual(
      rows.map((item) => labels.judge(item)?.suggested ?? null),
      [null, null, null, 'Soup'],
    );
    assert.equal(labels.judge(row('Rice', 0.75)), null, 'less sure than the mean 0.8 for Soup');
    assert.equal(labels.judge(row('Rice', 0.95, 'model')), null);
  });

  it('are found where only class and confidence are known', () => {
    const labels = new SuspiciousLabels();
    const bare = (label: string, predicted: string, confidence: number) => ({
      ...{ class: label, predicted_class: predicted, confidence, probabilities: null },
      label_source: 'annotators' as const,
    });
    for (const item of [bare('Soup', 'Soup', 0.8), bare('Rice', 'Rice', 0.6)]) labels.learn(item);
    assert.equal(labels.judge(bare('Rice', 'Soup', 0.9))?.suggested, 'Soup');
    assert.equal(labels.judge(bare('Rice', 'Soup', 0.7)), null);
  });
});
