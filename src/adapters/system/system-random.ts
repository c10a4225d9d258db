import { randomBytes, randomInt } from 'node:crypto';

import type { Random } from '../../ports/random.ts';

const UNIFORM_STEPS = 2 ** 48 - 1;

/** The machine's cryptographic source: ids of 128 random bits, as 22 characters that need no escaping in an address. */
export const systemRandom: Random = {
  id: () => randomBytes(16).toString('base64url'),
  uniform: () => randomInt(UNIFORM_STEPS) / UNIFORM_STEPS,
};
