import assert from 'node:assert/strict';

import fc from 'fast-check';

import { decodeBase64 } from '../../src/http/decode-base64.ts';

/** White space of every kind, padding where it belongs and where not, and a little of what is foreign. */
const texts = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('A', 'z', '0', '+', '/', '-', '_', 'QUJD') },
      { weight: 4, arbitrary: fc.constantFrom(' ', '\n', '\r\n', '\t', '\u00a0', '\u3000') },
      { weight: 1, arbitrary: fc.constantFrom('=', '==', '*', 'ä') },
    ),
    { maxLength: 24 },
  )
  .chain((parts) =>
    fc.constantFrom('', '=', '==', '= =', '=\n', '===').map((end) => parts.join('') + end),
  );

describe('base64 as clients send it', () => {
  it('is what is base64 once its white space is taken out, and nothing else', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bare = text.replace(/\s/g, '');
        const [, characters = ''] = /^([\w+/-]*)={0,2}$/.exec(bare) ?? [undefined, 'A'];
        const expected = characters.length % 4 === 1 ? null : Buffer.from(bare, 'base64');
        assert.deepEqual(decodeBase64(text), expected, JSON.stringify(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('may stand behind a data-URL prefix', () => {
    for (const text of ['data:image/jpeg;base64,QUJD', 'DATA:;base64, QU\nI='])
      assert.match(decodeBase64(text)?.toString() ?? '', /^ABC?$/);
    assert.equal(decodeBase64('data:text/html,QUJD'), null);
  });
});
