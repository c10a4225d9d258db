import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toObjectStoreError } from '../../../src/adapters/disk/disk-error.ts';
import { openDiskObjects } from '../../../src/adapters/disk/open-disk-objects.ts';
import { ObjectStoreUnavailable } from '../../../src/domain/errors.ts';
import { objectKey } from '../../../src/domain/ids.ts';
import { describeObjectStore } from '../../contract/object-store.contract.ts';

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'truthloop-disk-'));

describeObjectStore('disk', async () => {
  const dir = await temporaryFolder();
  return {
    objects: await openDiskObjects({ dir }),
    reopen: () => openDiskObjects({ dir }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});

describe('disk objects', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await temporaryFolder();
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('no key leads out of the folder', async () => {
    const inner = join(dir, 'objects');
    const objects = await openDiskObjects({ dir: inner });
    for (const key of ['../outside', '../../outside', '/outside', '..', 'a/../../outside'])
      await objects.put(objectKey(key), Buffer.from('x'));
    assert.deepEqual(await readdir(dir), ['objects']);
  });

  it('a key too long for a file name is refused by name, not cut', async () => {
    const objects = await openDiskObjects({ dir });
    await assert.rejects(objects.put(objectKey('x'.repeat(201)), Buffer.from('x')), RangeError);
  });

  it('a write that a crash cut short is no object, and is swept once it is old', async () => {
    const objects = await openDiskObjects({ dir });
    await objects.put(objectKey('whole'), Buffer.from('x'));
    const [folder] = await readdir(dir);
    const [young, old] = ['young.part', 'old.part'].map((name) => join(dir, folder!, name));
    await writeFile(young!, 'hal');
    await writeFile(old!, 'hal');
    await utimes(old!, new Date(0), new Date(0));
    const listed = [];
    for await (const { key } of objects.list()) listed.push(key);
    assert.deepEqual(listed, ['whole']);
    assert.deepEqual((await readdir(join(dir, folder!))).sort(), ['whole', 'young.part']);
  });

  it('a fault of the disk is a fault of the store, to be tried again', async () => {
    const objects = await openDiskObjects({ dir });
    await objects.put(objectKey('probe'), Buffer.from('x'));
    const [folder] = await readdir(dir);
    await rm(join(dir, folder!), { recursive: true });
    await writeFile(join(dir, folder!), 'in the way');
    await assert.rejects(
      objects.put(objectKey('probe'), Buffer.from('x')),
      (error: unknown) => error instanceof ObjectStoreUnavailable && error.retryable,
    );
  });

  it('a full disk says so', () => {
    const error = toObjectStoreError(Object.assign(new Error('x'), { code: 'ENOSPC' }), dir, 'put');
    assert.ok(error instanceof ObjectStoreUnavailable);
    assert.match(error.message, /is full: free some space/);
  });

  it('a folder that cannot be made is named', async () => {
    const file = join(dir, 'file');
    await writeFile(file, 'x');
    await assert.rejects(openDiskObjects({ dir: join(file, 'objects') }), (error: unknown) => {
      assert.ok(error instanceof ObjectStoreUnavailable);
      assert.match(error.message, /objects/);
      return true;
    });
  });
});
