const BANDS = 4;
const BAND_SIZE = 65_536;
/** Bits that may differ. Of four parts of 16 bits one differs in at most one then: only such ones are compared. */
export const NEAR_BITS = 7;
/** A part as it is, and with each of its bits turned over. */
const FLIPS = [0, ...Array.from({ length: 16 }, (_, bit) => 1 << bit)];

/**
 * Finds hashes of 64 bits that differ in at most 7 bits. Takes 28 bytes a hash, whatever they are; a hash that is there
 * already is not kept again.
 */
export class HashIndex {
  readonly #heads = Array.from({ length: BANDS }, () => new Int32Array(BAND_SIZE).fill(-1));
  #next = Array.from({ length: BANDS }, () => new Int32Array(1024));
  #halves = new Uint32Array(2048);
  /** Names that the caller gave the kept hashes. */
  #names = new Uint32Array(1024);
  #size = 0;

  /**
   * @param hash 16 hex digits
   * @returns the name of the nearest kept hash within 7 bits, and how many differ; null when there is none
   */
  nearest(hash: string): { readonly name: number; readonly distance: number } | null {
    const [high, low] = halvesOf(hash);
    let best: { name: number; distance: number } | null = null;
    for (const at of this.#alike(high, low)) {
      const distance =
        ones((this.#halves[2 * at] ?? 0) ^ high) + ones((this.#halves[2 * at + 1] ?? 0) ^ low);
      if (distance <= NEAR_BITS && distance < (best?.distance ?? Infinity))
        best = { name: this.#names[at] ?? 0, distance };
    }
    return best;
  }

  /** Places of the kept hashes that may be near. */
  *#alike(high: number, low: number): Generator<number> {
    for (let band = 0; band < BANDS; band += 1) {
      const part = bandOf(high, low, band);
      for (const flip of FLIPS) {
        let at = this.#heads[band]?.[part ^ flip] ?? -1;
        for (; at >= 0; at = this.#next[band]?.[at] ?? -1) yield at;
      }
    }
  }

  /** @param name a whole number by which the caller knows the hash, below 2^32 */
  add(hash: string, name: number): void {
    if (this.nearest(hash)?.distance === 0) return;
    if (this.#size === this.#names.length) this.#grow();
    const [high, low] = halvesOf(hash);
    const at = this.#size;
    this.#halves.set([high, low], 2 * at);
    this.#names[at] = name;
    for (let band = 0; band < BANDS; band += 1) {
      const place = bandOf(high, low, band);
      const heads = this.#heads[band] as Int32Array;
      (this.#next[band] as Int32Array)[at] = heads[place] ?? -1;
      heads[place] = at;
    }
    this.#size += 1;
  }

  #grow(): void {
    this.#halves = grown(this.#halves, new Uint32Array(2 * this.#halves.length));
    this.#names = grown(this.#names, new Uint32Array(2 * this.#names.length));
    this.#next = this.#next.map((next) => grown(next, new Int32Array(2 * next.length)));
  }
}

function grown<Numbers extends Uint32Array | Int32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

const halvesOf = (hash: string): [number, number] => [
  parseInt(hash.slice(0, 8), 16),
  parseInt(hash.slice(8), 16),
];

const bandOf = (high: number, low: number, band: number): number =>
  ((band < 2 ? high : low) >>> (band % 2 === 0 ? 16 : 0)) & 0xffff;

/** Bits set in a number of 32 bits. */
function ones(bits: number): number {
  let left = bits - ((bits >>> 1) & 0x5555_5555);
  left = (left & 0x3333_3333) + ((left >>> 2) & 0x3333_3333);
  return (((left + (left >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24;
}
