import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

describe('data-prep/food11.py', () => {
  it('fills a folder from made archives and servers, whatever breaks in between', function runPythonTests() {
    this.timeout(180_000);
    const { status, stderr } = spawnSync('python3', ['-m', 'unittest', 'tests.test_food11'], {
      cwd: path.resolve(import.meta.dirname, '../../data-prep'),
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Ran \d{2} tests/);
  });
});
