/** Draws that can be replayed: the same seeds give the same numbers on every machine. */
export interface Chance {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  normal(): number;
  /** Beta(a, b), both >= 1. */
  beta(a: number, b: number): number;
  poisson(mean: number): number;
  /** Whole number in [from, to). */
  integer(from: number, to: number): number;
}

/** 32 random bits a call (sfc32). @see Doty-Humphrey (2010), PractRand */
function bitsFrom(seeds: readonly number[]): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (const seed of seeds) {
    a ^= seed;
    b ^= Math.imul(seed, 0x85ebca6b);
    for (let round = 0; round < 12; round += 1) next();
  }
  return next;
}

/** @param seeds whole numbers, e.g. [seed, cell, run] */
export function createChance(...seeds: readonly number[]): Chance {
  const bits = bitsFrom(seeds);
  const uniform = (): number => ((bits() >>> 5) * 67_108_864 + (bits() >>> 6)) / 2 ** 53;
  let spare: number | null = null;
  // Box & Muller (1958): two at a time.
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((bits() + 1) / 2 ** 32));
    const angle = (2 * Math.PI * bits()) / 2 ** 32;
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  // Marsaglia & Tsang (2000), shape >= 1.
  const gamma = (shape: number): number => {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < (x * x) / 2 + d - d * v + d * Math.log(v))
        return d * v;
    }
  };
  return {
    uniform,
    normal,
    beta: (a, b) => {
      const x = gamma(a);
      return x / (x + gamma(b));
    },
    poisson: (mean) => poisson(mean, uniform, normal),
    integer: (from, to) => from + Math.floor(uniform() * (to - from)),
  };
}

/** Knuth's product below 30; above, a rounded normal is close enough for traffic. */
function poisson(mean: number, uniform: () => number, normal: () => number): number {
  if (mean >= 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = uniform(); product > limit; product *= uniform()) count += 1;
  return count;
}
