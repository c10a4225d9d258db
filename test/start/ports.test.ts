import assert from 'node:assert/strict';

import { freePort } from '../../scripts/start/ports.mjs';

/** Of 17,000 ports, a thousand drawn blindly share some thirty. */
const DRAWN = 1000;

describe('free ports', () => {
  it('none is given twice: whoever got it may not listen yet, or restart', async () => {
    const ports = [];
    for (let index = 0; index < DRAWN; index += 1) ports.push(await freePort());
    assert.equal(new Set(ports).size, DRAWN);
  });
});
