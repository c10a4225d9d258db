import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const read = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Rows `| `name` | version | why |` of one section. */
function rowsOf(section: string): Record<string, string> {
  const rows = [...section.matchAll(/^\| `([^`]+)`\s*\| (\d\S*)\s*\| (.*\S)\s*\|$/gm)];
  return Object.fromEntries(rows.map(([, name = '', version = '']) => [name, version]));
}

describe('docs/dependencies.md', () => {
  const manifest = JSON.parse(read('package.json')) as Manifest;
  const [, inProgram = '', inTests = ''] = read('docs/dependencies.md').split(/^## /m);

  it('names each package of the program with its version and a reason, and no other', () => {
    assert.deepEqual(rowsOf(inProgram), manifest.dependencies);
  });

  it('names each package of the tests and tools likewise', () => {
    assert.deepEqual(rowsOf(inTests), manifest.devDependencies);
  });

  it('every version is exact', () => {
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
    })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
    }
  });
});
