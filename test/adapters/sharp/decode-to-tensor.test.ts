import assert from 'node:assert/strict';

import sharp from 'sharp';

import {
  createTensorDecoder,
  type TensorShape,
} from '../../../src/adapters/sharp/decode-to-tensor.ts';
import { REFERENCE, REFERENCE_INPUT, referenceBytes } from './preprocessing-reference.ts';

const LIMITS = { bytesMax: 10_485_760, pixelsMax: 50_000_000 };
const GRID = 4;
const SIDE = 224;

/** Mean of one tile of one channel of a planar tensor. */
function tileMean(tensor: Float32Array, channel: number, row: number, column: number): number {
  const size = SIDE / GRID;
  let sum = 0;
  for (let y = row * size; y < (row + 1) * size; y++)
    for (let x = column * size; x < (column + 1) * size; x++)
      sum += tensor[channel * SIDE * SIDE + y * SIDE + x] ?? NaN;
  return sum / (size * size);
}

describe('the tensor of an image', () => {
  const decode = createTensorDecoder(REFERENCE_INPUT, LIMITS);
  for (const { file, input, tolerance } of REFERENCE.images) {
    it(`of ${file} agrees with the one that Pillow gives, within ${tolerance.tiles}`, async () => {
      const { tensor } = await decode(referenceBytes(file));
      const worst = input.tiles.flatMap((rows, channel) =>
        rows.flatMap((columns, row) =>
          columns.map((expected, column) =>
            Math.abs(tileMean(tensor, channel, row, column) - expected),
          ),
        ),
      );
      assert.ok(Math.max(...worst) <= tolerance.tiles, `off by ${Math.max(...worst)}`);
    });
  }

  const tiny: TensorShape = {
    ...REFERENCE_INPUT,
    width: 2,
    height: 1,
    mean: [0, 10, 20],
    std: [1, 2, 4],
  };
  const png = (pixels: number[], width: number, height: number): Promise<Buffer> =>
    sharp(Buffer.from(pixels), { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
  const twoPixels = [1, 30, 60, 2, 50, 100];

  it('is planar or interleaved, RGB or BGR, as the model wants it', async () => {
    const image = await png(twoPixels, 2, 1);
    const tensorOf = async (shape: TensorShape): Promise<number[]> =>
      Array.from((await createTensorDecoder(shape, LIMITS)(image)).tensor);
    assert.deepEqual(await tensorOf(tiny), [1, 2, 10, 20, 10, 20]);
    assert.deepEqual(await tensorOf({ ...tiny, layout: 'NHWC' }), [1, 10, 10, 2, 20, 20]);
    assert.deepEqual(await tensorOf({ ...tiny, colour: 'BGR' }), [60, 100, 10, 20, -4.75, -4.5]);
  });

  it('keeps to the middle where the model wants the image cut', async () => {
    const white = [255, 255, 255];
    const image = await png([...white, ...twoPixels, ...white], 4, 1);
    const { tensor } = await createTensorDecoder({ ...tiny, resize: 'cover' }, LIMITS)(image);
    assert.deepEqual(Array.from(tensor), [1, 2, 10, 20, 10, 20]);
  });

  for (const type of ['png', 'jpeg'] as const)
    it(`leaves the colour profile of a ${type} aside, as Pillow does`, async () => {
      const tagged = await sharp(referenceBytes('exact-224.png'))
        .withIccProfile('p3')
        .toFormat(type)
        .toBuffer();
      const stored = await sharp(tagged, { ignoreIcc: true }).png().toBuffer();
      assert.notEqual((await sharp(tagged).metadata()).icc, undefined);
      const expected = Array.from((await decode(stored)).tensor);
      assert.deepEqual(Array.from((await decode(tagged)).tensor), expected);
    });
});
