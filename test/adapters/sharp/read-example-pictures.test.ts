import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';

import { readExamplePictures } from '../../../src/adapters/sharp/read-example-pictures.ts';

const CLASSES = ['Bread', 'Noodles/Pasta', 'Soup'];

describe('example pictures of a model folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'truthloop-examples-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const picture = (red: number): Promise<Buffer> =>
    sharp({ create: { width: 600, height: 300, channels: 3, background: { r: red, g: 0, b: 0 } } })
      .withExif({ IFD0: { Artist: 'a name' } })
      .png()
      .toBuffer();
  async function put(name: string, ...files: readonly (readonly [string, Buffer])[]) {
    mkdirSync(join(folder, name));
    for (const [file, bytes] of files) writeFileSync(join(folder, name, file), bytes);
  }

  it('are the first three of each class, small and without metadata, in the order of the classes', async () => {
    await put('noodles-pasta', ['a.png', await picture(1)]);
    const many = await Promise.all([10, 20, 30, 40].map(picture));
    await put('Bread', ...many.map((bytes, index) => [`${index}.png`, bytes] as const));
    const { pictures, faults } = await readExamplePictures(folder, CLASSES);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      pictures.map(({ className }) => className),
      ['Bread', 'Bread', 'Bread', 'Noodles/Pasta'],
    );
    assert.equal(new Set(pictures.map(({ path }) => path)).size, 4);
    assert.match(pictures[0]!.path, /^\/examples\/[0-9a-f]{40}\.jpg$/);
    const { width, format, exif } = await sharp(pictures[0]!.jpeg).metadata();
    assert.deepEqual([width, format, exif], [240, 'jpeg', undefined]);
  });

  it('what is of no use is named and left out', async () => {
    await put('Soup', ['broken.jpg', Buffer.from('no picture')], ['good.png', await picture(1)]);
    await put('Stew', ['a.png', await picture(2)]);
    const { pictures, faults } = await readExamplePictures(folder, CLASSES);
    assert.equal(pictures.length, 1);
    assert.match(faults.join('\n'), /Stew is named after no class[^]*broken\.jpg: This is no JPEG/);
  });

  it('are none where there is no such folder', async () => {
    const none = await readExamplePictures(join(folder, 'nothing'), CLASSES);
    assert.deepEqual(none, { pictures: [], faults: [] });
  });
});
