import assert from 'node:assert/strict';

/**
 * Walks the expected value and holds the actual one against it: |x - e| <= tolerance * max(1, |e|); null = not defined.
 * A value that is expected and not computed is a failure.
 */
export function assertMatches(
  actual: unknown,
  expected: unknown,
  tolerance: number,
  path = 'expected',
): void {
  if (typeof expected === 'number') {
    assert.equal(typeof actual, 'number', `${path}: expected ${expected}, got ${String(actual)}`);
    const distance = Math.abs((actual as number) - expected);
    const allowed = tolerance * Math.max(1, Math.abs(expected));
    assert.ok(distance <= allowed, `${path}: expected ${expected}, got ${String(actual)}`);
    return;
  }
  if (typeof expected !== 'object' || expected === null) {
    assert.equal(actual, expected, path);
    return;
  }
  assert.ok(typeof actual === 'object' && actual !== null, `${path}: nothing computed`);
  if (Array.isArray(expected))
    assert.equal((actual as unknown[]).length, expected.length, `${path}.length`);
  for (const [key, value] of Object.entries(expected))
    assertMatches((actual as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`);
}
