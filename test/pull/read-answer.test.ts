import assert from 'node:assert/strict';

import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import { readAnswer } from '../../src/pull/read-answer.ts';
import { choicesOf } from '../fakes/label-studio-people.ts';

const isClass = (name: string): boolean => ['bread', 'soup'].includes(name);
const read = (result: unknown, wasCancelled = false) =>
  readAnswer({ result, wasCancelled }, isClass);

describe('readAnswer', () => {
  it('one class of the model is an answer', () => {
    assert.deepEqual(read(choicesOf(['soup'])), { kind: 'class', trueClass: 'soup' });
  });

  it('"None of these" is an answer of its own', () => {
    assert.deepEqual(read(choicesOf([NONE_OF_THESE])), { kind: 'none_of_these' });
  });

  it('a skip is a skip, whatever was chosen before', () => {
    assert.deepEqual(read([], true), { kind: 'skipped' });
    assert.deepEqual(read(choicesOf(['soup']), true), { kind: 'skipped' });
  });

  it('unknown class, several classes and none are told apart and never guessed', () => {
    assert.deepEqual(read(choicesOf(['stew'])), { kind: 'unusable', why: 'unknown_class' });
    assert.deepEqual(read(choicesOf(['soup', 'bread'])), {
      kind: 'unusable',
      why: 'several_classes',
    });
    assert.deepEqual(read(choicesOf(['soup', NONE_OF_THESE])), {
      kind: 'unusable',
      why: 'several_classes',
    });
    assert.deepEqual(read([]), { kind: 'unusable', why: 'no_class' });
  });

  it('one class chosen twice is one class', () => {
    const twice = [...choicesOf(['soup']), ...choicesOf(['soup'])];
    assert.deepEqual(read(twice), { kind: 'class', trueClass: 'soup' });
  });

  it('class names are compared as they are, letter by letter', () => {
    assert.deepEqual(read(choicesOf(['Soup'])), { kind: 'unusable', why: 'unknown_class' });
    assert.deepEqual(read(choicesOf(['toString'])), { kind: 'unusable', why: 'unknown_class' });
  });

  it('what another control says is not read', () => {
    const comment = { from_name: 'comment', type: 'textarea', value: { text: ['soup'] } };
    assert.deepEqual(read([comment, ...choicesOf(['bread'])]), {
      kind: 'class',
      trueClass: 'bread',
    });
  });

  it('a result of any other shape holds no class', () => {
    for (const odd of [null, undefined, 'soup', 7, {}, [null], [{ from_name: 'label' }]])
      assert.deepEqual(read(odd), { kind: 'unusable', why: 'no_class' });
    assert.deepEqual(read([{ from_name: 'label', value: { choices: 'soup' } }]), {
      kind: 'unusable',
      why: 'no_class',
    });
  });
});
