import assert from 'node:assert/strict';

import fc from 'fast-check';

import { createArrivingImage } from '../../src/classifier/arriving-image.ts';

/** What becomes of a body that comes in pieces of these sizes, again and again. */
function arrived(body: string, sizes: readonly number[]): Buffer | null {
  const bytes = Buffer.from(body);
  const arriving = createArrivingImage(bytes.length);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    arriving.add(bytes.subarray(at, end));
    at = end;
  }
  return arriving.finish();
}

describe('an image that is still on its way', () => {
  const sizes = fc.array(fc.integer({ min: 16, max: 90 }), { minLength: 1, maxLength: 5 });

  it('is the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        sizes,
        fc.boolean(),
        (bytes, cuts, isPadded) => {
          const base64 = Buffer.from(bytes).toString('base64');
          const body = ` {"image" : "${isPadded ? base64 : base64.replace(/=+$/, '')}"}\n`;
          assert.deepEqual(arrived(body, cuts), Buffer.from(bytes));
        },
      ),
    );
  });

  it('is left to the long way when its body is anything but one field of plain base64', () => {
    const base64 = Buffer.alloc(120, 7).toString('base64');
    const bodies = [
      `{"image":"${base64}","more":1}`,
      `{"more":1,"image":"${base64}"}`,
      `{"image":"${base64}"`,
      `{"image":"${base64}`,
      `{"image":"${base64}"}}`,
      `{"image":"${base64}"}{"image":"${base64}"}`,
      `{"image":"${base64.slice(0, 60)}\\n${base64.slice(60)}"}`,
      `{"image":"${base64.slice(0, 60)}=${base64.slice(61)}"}`,
      `{"image":"${base64.slice(0, 61)}"}`,
      `{"image":"${base64.slice(0, 60)}*${base64.slice(61)}"}`,
      `{"image":"data:image/jpeg;base64,${base64}"}`,
      `{"image":null}`,
      `{"image":["${base64}"]}`,
      base64,
      '',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...bodies), sizes, (body, cuts) => {
        assert.equal(arrived(body, cuts), null, body);
      }),
      { numRuns: 500 },
    );
  });

  it('is left to the long way when padding ends a piece, and more text follows', () => {
    const body = `{"image":"${'A'.repeat(14)}==${'A'.repeat(16)}"}`;
    // The first piece ends right behind the padding and one letter more.
    assert.equal(arrived(body, [27, 100]), null);
  });
});
