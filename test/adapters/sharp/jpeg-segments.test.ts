import assert from 'node:assert/strict';

import sharp from 'sharp';

import { holdsCode, isSequential } from '../../../src/adapters/sharp/jpeg-segments.ts';
import { withoutMetadata } from '../../../src/adapters/sharp/without-metadata.ts';
import { referenceBytes } from './preprocessing-reference.ts';

describe('the segments of a JPEG', () => {
  it('tell whether it is sequential, progressive or neither', () => {
    const kinds = ['egg.jpg', 'grey.jpg', 'progressive.jpg', 'tiny.png'].map((file) =>
      isSequential(referenceBytes(file)),
    );
    assert.deepEqual(kinds, [true, true, false, false]);
    assert.ok(isSequential(withoutMetadata(referenceBytes('orientation-6.jpg'))));
  });

  it('tell a scan that leaves out a colour', () => {
    const jpeg = Buffer.from(referenceBytes('egg.jpg'));
    jpeg[jpeg.indexOf(Buffer.from([0xff, 0xda])) + 4] = 2;
    assert.ok(!isSequential(jpeg));
  });

  it('hold only what stands in scans up to the end', () => {
    const [head, text] = [Buffer.from([0xff, 0xd8]), Buffer.from([0xff, 0xfe, 0, 5, 1, 2, 3])];
    const scan = Buffer.from([0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd0, 3]);
    const end = Buffer.from([0xff, 0xff, 0xd9, 7, 7, 7]);
    const jpeg = Buffer.concat([head, text, scan, text, scan, end]);
    assert.deepEqual([holdsCode(jpeg, 8), holdsCode(jpeg, 9)], [true, false]);
    assert.ok(!holdsCode(jpeg.subarray(0, 7), 1), 'a segment that breaks off');
  });

  const flat = sharp({ create: { width: 2000, height: 1500, channels: 3, background: '#88aadd' } });
  for (const chromaSubsampling of ['4:2:0', '4:4:4'])
    for (const mozjpeg of [false, true])
      it(`hold a bit for each block of a plain sky, ${chromaSubsampling}${mozjpeg ? ', made small' : ''}`, async () => {
        const options = { progressive: true, quality: 10, chromaSubsampling, mozjpeg };
        const jpeg = await flat.clone().jpeg(options).toBuffer();
        assert.ok(holdsCode(jpeg, (2000 * 1500) / 512));
      });
});
