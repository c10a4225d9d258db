/** Draws in [0, 1). */
export type Uniform = () => number;

/** @returns a whole number from 0, below the given one */
export const whole = (uniform: Uniform, below: number): number => Math.floor(uniform() * below);

/** Ways to damage bytes, each as likely as the others. */
const DAMAGES: readonly ((bytes: Buffer, uniform: Uniform, other: Buffer) => Buffer)[] = [
  (bytes, uniform) => bytes.subarray(0, whole(uniform, bytes.length)),
  (bytes, uniform) => {
    const changed = Buffer.from(bytes);
    for (let count = 1 + whole(uniform, 8); count > 0; count--) {
      const at = whole(uniform, changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << whole(uniform, 8));
    }
    return changed;
  },
  (bytes, uniform) => {
    const changed = Buffer.from(bytes);
    const at = whole(uniform, Math.min(64, changed.length));
    const end = Math.min(changed.length, at + 1 + whole(uniform, 8));
    return changed.fill(uniform() < 0.5 ? 0xff : 0, at, end);
  },
  (bytes, uniform) => {
    const [from, to] = [whole(uniform, bytes.length), whole(uniform, bytes.length)];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, uniform, other) =>
    Buffer.concat([
      bytes.subarray(0, whole(uniform, bytes.length)),
      other.subarray(whole(uniform, other.length)),
    ]),
];

/** @param other bytes that a part may be taken from */
export function damaged(bytes: Buffer, uniform: Uniform, other: Buffer): Buffer {
  const damage = DAMAGES[whole(uniform, DAMAGES.length)];
  return bytes.length === 0 || damage === undefined ? bytes : damage(bytes, uniform, other);
}
