import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { metricsPage } from '../../scripts/docs-metrics.ts';

describe('docs/metrics.md', () => {
  it('says what the catalogue says (else: npm run docs:metrics)', async () => {
    assert.equal(
      await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8'),
      await metricsPage(),
    );
  });
});
