import assert from 'node:assert/strict';

import type { ObjectKey } from '../../src/domain/ids.ts';
import { objectKey } from '../../src/domain/ids.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';

/** An object store under test; `reopen` gives another process's view of the same objects. */
export interface OpenedObjects {
  readonly objects: ObjectStore;
  readonly reopen: () => Promise<ObjectStore>;
  readonly dispose: () => Promise<void>;
}

const keysOf = async (objects: ObjectStore): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of objects.list()) keys.push(key);
  return keys.sort();
};

/** What every object store promises. */
export function describeObjectStore(name: string, open: () => Promise<OpenedObjects>): void {
  describe(`object store contract: ${name}`, () => {
    let opened: OpenedObjects;
    let objects: ObjectStore;

    beforeEach(async () => {
      opened = await open();
      objects = opened.objects;
    });

    afterEach(async () => {
      await objects.close();
      await opened.dispose();
    });

    it('gives back the very bytes, also empty ones and every byte value', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await objects.put(objectKey('all-bytes'), bytes);
      await objects.put(objectKey('empty'), Buffer.alloc(0));
      assert.deepEqual(await objects.get(objectKey('all-bytes')), bytes);
      assert.deepEqual(await objects.get(objectKey('empty')), Buffer.alloc(0));
    });

    it('keeps a large image whole', async () => {
      const bytes = Buffer.alloc(12 * 1024 * 1024, 'photo');
      await objects.put(objectKey('large.jpg'), bytes);
      assert.ok((await objects.get(objectKey('large.jpg')))?.equals(bytes));
    });

    it('tells what is there, also when it is empty', async () => {
      await objects.put(objectKey('empty'), Buffer.alloc(0));
      assert.equal(await objects.has(objectKey('empty')), true);
      await objects.delete(objectKey('empty'));
      assert.equal(await objects.has(objectKey('empty')), false);
    });

    it('answers null for what is not there, and deletes it without complaint', async () => {
      assert.equal(await objects.get(objectKey('nothing')), null);
      assert.equal(await objects.has(objectKey('nothing')), false);
      await objects.delete(objectKey('nothing'));
    });

    it('the same key twice with the same bytes is one object', async () => {
      for (let time = 0; time < 2; time += 1)
        await objects.put(objectKey('twice'), Buffer.from('same'));
      assert.deepEqual(await keysOf(objects), ['twice']);
    });

    it('fifty writers of one key at once leave one whole object', async () => {
      const bytes = Buffer.alloc(100_000, 'x');
      await Promise.all(Array.from({ length: 50 }, () => objects.put(objectKey('raced'), bytes)));
      assert.ok((await objects.get(objectKey('raced')))?.equals(bytes));
      assert.deepEqual(await keysOf(objects), ['raced']);
    });

    it('what was deleted is gone', async () => {
      await objects.put(objectKey('gone'), Buffer.from('x'));
      await objects.delete(objectKey('gone'));
      assert.equal(await objects.get(objectKey('gone')), null);
      assert.deepEqual(await keysOf(objects), []);
    });

    it('keys of any shape stay apart and come back as they were', async () => {
      const keys = [
        'images/b.jpg',
        'images_b.jpg',
        '../up',
        '.hidden',
        'ä-🍜',
        'A',
        'a',
        'x%2Fy',
        'x/y',
        'sp ace',
        '..',
      ];
      await Promise.all(keys.map((key) => objects.put(objectKey(key), Buffer.from(key))));
      for (const key of keys) assert.equal((await objects.get(objectKey(key)))?.toString(), key);
      assert.deepEqual(await keysOf(objects), [...keys].sort());
    });

    it('lists every object with the time it was written, past one page', async () => {
      const began = Date.now();
      const keys: ObjectKey[] = Array.from({ length: 1100 }, (_, index) =>
        objectKey(`many-${index}`),
      );
      for (let start = 0; start < keys.length; start += 50)
        await Promise.all(
          keys.slice(start, start + 50).map((key) => objects.put(key, Buffer.from('x'))),
        );
      const listed: string[] = [];
      for await (const { key, writtenAt } of objects.list()) {
        listed.push(key);
        // Object stores keep whole seconds, and their clock may be another machine's.
        assert.ok(Math.abs(writtenAt - began) < 120_000, `${writtenAt} is far from ${began}`);
      }
      assert.deepEqual(listed.sort(), [...keys].sort());
    }).timeout(60_000);

    it('another process sees what was put', async () => {
      await objects.put(objectKey('kept'), Buffer.from('bytes'));
      const other = await opened.reopen();
      assert.equal((await other.get(objectKey('kept')))?.toString(), 'bytes');
      await other.close();
    });
  });
}
