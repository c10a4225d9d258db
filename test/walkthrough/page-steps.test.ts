import assert from 'node:assert/strict';

import { pattern, stepsOf } from './page-steps.ts';

describe('a page of steps', () => {
  it('gives each block of commands with its heading and the output that follows, if any', () => {
    const page =
      '# T\n\n## One\n\n```sh\na\nb\n```\n\nwords\n\n```text\nout\n```\n\n## Two\n\n```sh\nc\n```\n';
    assert.deepEqual(stepsOf(page), [
      { heading: 'One', commands: 'a\nb\n', expected: 'out\n' },
      { heading: 'Two', commands: 'c\n', expected: null },
    ]);
    assert.throws(() => stepsOf('```text\nout\n```\n'), /without a command/);
  });

  it('takes N for a number above 0, … for some text, and everything else to the letter', () => {
    assert.match('\n  7 tasks (x.y)\n', pattern('N tasks (x.y)\n'));
    assert.doesNotMatch('0 tasks (x.y)', pattern('N tasks (x.y)'));
    assert.doesNotMatch('7 tasks (xzy)', pattern('N tasks (x.y)'));
    assert.match('id 4f: ok\nNone', pattern('id …: ok\nNone'));
    assert.doesNotMatch('id : ok\nNone', pattern('id …: ok\nNone'));
    assert.doesNotMatch('id 4f\n5: ok\nNone', pattern('id …: ok\nNone'));
  });
});
