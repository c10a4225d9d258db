import assert from 'node:assert/strict';

import sharp from 'sharp';

import { normaliseImage } from '../../../src/adapters/sharp/normalise-image.ts';
import { UploadRejected, type UploadRejection } from '../../../src/domain/errors.ts';
import { pngBomb } from '../../fixtures/hostile-images.ts';

const LIMITS = { bytesMax: 10_485_760, pixelsMax: 50_000_000 };

const solid = (width: number, height: number, background = '#c03020') =>
  sharp({ create: { width, height, channels: 3, background } });

async function assertRejected(bytes: Buffer, reason: UploadRejection, limits = LIMITS) {
  await assert.rejects(normaliseImage(bytes, limits), (error) => {
    assert.ok(error instanceof UploadRejected, String(error));
    assert.equal(error.reason, reason, error.message);
    return true;
  });
}

describe('a normalised image', function () {
  this.timeout(20_000);
  it('carries no metadata, though the upload had a place, a camera and a comment', async () => {
    const sent = await solid(80, 60)
      .withExif({
        IFD0: { Make: 'SecretCam', Copyright: 'me' },
        IFD3: { GPSLatitude: '51/1 30/1 0/1', GPSLatitudeRef: 'N' },
      })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">SecretPlace</x:xmpmeta>')
      .jpeg()
      .toBuffer();
    assert.ok(sent.includes('SecretCam') && sent.includes('SecretPlace'));
    const { jpeg } = await normaliseImage(sent, LIMITS);
    const kept = await sharp(jpeg).metadata();
    assert.deepEqual(
      [kept.exif, kept.xmp, kept.iptc, kept.icc],
      [undefined, undefined, undefined, undefined],
    );
    assert.ok(!jpeg.includes('Secret') && !jpeg.includes('Exif'));
  });

  for (let orientation = 1; orientation <= 8; orientation++) {
    it(`stands upright when EXIF says orientation ${orientation}`, async () => {
      const quarters = await sharp(
        Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 255, 0]),
        { raw: { width: 3, height: 2, channels: 3 } },
      )
        .resize(96, 64, { kernel: 'nearest' })
        .png()
        .toBuffer();
      const upright = await asSeen(quarters, orientation);
      const sent = await sharp(quarters).withMetadata({ orientation }).jpeg().toBuffer();
      const { jpeg, width, height } = await normaliseImage(sent, LIMITS);
      const turned = orientation >= 5;
      assert.deepEqual([width, height], turned ? [64, 96] : [96, 64]);
      const found = await sharp(jpeg).raw().toBuffer();
      const worst = found.reduce(
        (sum, value, index) => sum + Math.abs(value - (upright[index] ?? 0)),
        0,
      );
      assert.ok(worst / found.length < 12, `mean difference ${worst / found.length}`);
    });
  }

  it('has a white ground where the upload was transparent', async () => {
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const sent = await sharp({
      create: { width: 16, height: 16, channels: 4, background: clear },
    })
      .png()
      .toBuffer();
    const { jpeg } = await normaliseImage(sent, LIMITS);
    const pixels = await sharp(jpeg).raw().toBuffer();
    assert.ok(pixels.every((value) => value >= 254));
  });

  const colours: [string, () => Promise<Buffer>][] = [
    ['a CMYK JPEG', () => solid(20, 20).toColourspace('cmyk').jpeg().toBuffer()],
    ['a 16-bit PNG', () => solid(20, 20).toColourspace('rgb16').png().toBuffer()],
    ['a palette PNG', () => solid(20, 20).png({ palette: true }).toBuffer()],
    ['a WebP', () => solid(20, 20).webp({ quality: 100 }).toBuffer()],
  ];
  for (const [name, make] of colours) {
    it(`is an eight-bit sRGB JPEG in the colours of ${name}`, async () => {
      const { jpeg } = await normaliseImage(await make(), LIMITS);
      const { format, space, depth, channels } = await sharp(jpeg).metadata();
      assert.deepEqual([format, space, depth, channels], ['jpeg', 'srgb', 'uchar', 3]);
      const [red = 0, green = 0, blue = 0] = await sharp(jpeg).raw().toBuffer();
      assert.ok(
        Math.abs(red - 192) < 40 && Math.abs(green - 48) < 40 && Math.abs(blue - 32) < 40,
        `${red} ${green} ${blue}`,
      );
    });
  }

  it('leaves out what was appended to the file', async () => {
    const png = await solid(20, 20).png().toBuffer();
    const sent = Buffer.concat([png, Buffer.from('<script>alert(1)</script>')]);
    const { jpeg } = await normaliseImage(sent, LIMITS);
    assert.ok(!jpeg.includes('<script>'));
  });

  it('is the first frame of an animation', async () => {
    const frames = Buffer.concat([
      await solid(8, 8, '#ff0000').raw().toBuffer(),
      await solid(8, 8, '#0000ff').raw().toBuffer(),
    ]);
    const sent = await sharp(frames, {
      raw: { width: 8, height: 16, channels: 3, pageHeight: 8 },
    })
      .webp({ lossless: true })
      .toBuffer();
    const { jpeg, height } = await normaliseImage(sent, LIMITS);
    const [red = 0, , blue = 0] = await sharp(jpeg).raw().toBuffer();
    assert.equal(height, 8);
    assert.ok(red > 240 && blue < 15);
  });

  it('stays below the byte limit, with fewer pixels where it must', async () => {
    const noise = await sharp({
      create: {
        width: 600,
        height: 400,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 128, sigma: 80 },
      },
    })
      .jpeg({ quality: 40 })
      .toBuffer();
    const limits = { ...LIMITS, bytesMax: noise.length + 10 };
    const { jpeg, width } = await normaliseImage(noise, limits);
    assert.ok(jpeg.length <= limits.bytesMax && width < 600);
  });
});

describe('an upload that is refused', function () {
  this.timeout(20_000);
  it('is empty', () => assertRejected(Buffer.alloc(0), 'missing'));
  it('has too many bytes', async () => {
    const sent = await solid(20, 20).png().toBuffer();
    await assertRejected(sent, 'bytes', { ...LIMITS, bytesMax: sent.length - 1 });
  });
  it('unpacks to more pixels than allowed', async () => {
    await assertRejected(pngBomb(16_000, 16_000), 'pixels');
  });
  it('is an SVG', () =>
    assertRejected(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'type'));
  it('is a GIF', async () => assertRejected(Buffer.from('R0lGODlhAQABAAAAACw=', 'base64'), 'type'));
  it('is text', () => assertRejected(Buffer.from('no picture at all'), 'type'));
  it('is a JPEG cut in half', async () => {
    const whole = await solid(400, 400).jpeg().toBuffer();
    await assertRejected(whole.subarray(0, Math.floor(whole.length / 2)), 'corrupt');
  });
  it('says PNG and goes on with something else', () =>
    assertRejected(
      Buffer.concat([
        Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      ]),
      'corrupt',
    ));
});

/** The pixels as a viewer shows them; sharp mirrors before it turns. */
async function asSeen(bytes: Buffer, orientation: number): Promise<Buffer> {
  const image = sharp(bytes);
  const turns: Record<number, () => void> = {
    2: () => image.flop(),
    3: () => image.rotate(180),
    4: () => image.flip(),
    5: () => image.flop().rotate(270),
    6: () => image.rotate(90),
    7: () => image.flop().rotate(90),
    8: () => image.rotate(270),
  };
  turns[orientation]?.();
  return image.raw().toBuffer();
}
