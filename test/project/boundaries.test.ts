import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** Runs the project's own boundary check over a small tree of files. */
function checkTree(files: Readonly<Record<string, string>>): {
  status: number | null;
  output: string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'boundaries-'));
  try {
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
      cpSync(join(root, name), join(folder, name));
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const run = spawnSync(process.execPath, [join(root, 'scripts/check-boundaries.mjs')], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the boundary check', function () {
  this.timeout(60_000);

  it('passes a tree in which arrows point to the domain', () => {
    const { status, output } = checkTree({
      'src/domain/thing.ts': 'export const thing = 1;\n',
      'src/estimate/sum.ts':
        "import { thing } from '../domain/thing.ts';\nexport const sum = thing;\n",
    });
    assert.equal(status, 0, output);
  });

  const faults: Record<string, Readonly<Record<string, string>>> = {
    'pure-has-no-io': { 'src/estimate/read.ts': "import 'node:fs';\n" },
    'steps-know-ports-not-adapters': {
      'src/adapters/sqlite/open.ts': 'export const open = 1;\n',
      'src/push/push.ts':
        "import { open } from '../adapters/sqlite/open.ts';\nexport const push = open;\n",
    },
    'domain-imports-nothing': {
      'src/ports/clock.ts': 'export interface Clock { now(): number }\n',
      'src/domain/time.ts':
        "import type { Clock } from '../ports/clock.ts';\nexport type Time = Clock;\n",
    },
    'adapters-know-ports-only': {
      'src/adapters/disk/a.ts': 'export const a = 1;\n',
      'src/adapters/redis/b.ts': "import { a } from '../disk/a.ts';\nexport const b = a;\n",
    },
  };
  for (const [rule, files] of Object.entries(faults)) {
    it(`fails on a planted fault: ${rule}`, () => {
      const { status, output } = checkTree(files);
      assert.equal(status, 1, output);
      assert.match(output, new RegExp(rule));
    });
  }

  it('fails when it reads no module at all', () => {
    const { status } = checkTree({ 'src/readme.txt': '' });
    assert.equal(status, 1);
  });
});
