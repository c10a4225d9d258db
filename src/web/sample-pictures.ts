import { NotFound } from '../domain/errors.ts';
import { type Colour, makePng } from './make-png.ts';

/** A picture to try, painted by arithmetic. */
export interface SamplePicture {
  readonly name: string;
  readonly title: string;
  readonly png: () => Buffer;
}

const WIDTH = 240;
const HEIGHT = 180;

const mix = (a: Colour, b: Colour, share: number): Colour => {
  const t = Math.min(1, Math.max(0, share));
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
};

/** Distance from the middle in a frame of 4 by 3. */
const radius = (x: number, y: number): number => Math.hypot((x - 0.5) * 4, (y - 0.5) * 3);

/** A round thing with rings, on a woven cloth. */
function rings(x: number, y: number): Colour {
  const r = radius(x, y);
  const weave = 0.5 + 0.25 * (Math.sin(x * 180) + Math.sin(y * 135));
  const cloth = mix([0.18, 0.32, 0.45], [0.24, 0.4, 0.54], weave);
  const light = 0.75 + 0.35 * (0.5 - y) + 0.2 * (0.5 - x);
  const body = mix([0.86, 0.62, 0.3], [0.62, 0.34, 0.12], 0.5 + 0.5 * Math.sin(r * 14));
  if (r > 1.2) return mix([0.05, 0.08, 0.12], cloth, (r - 1.2) * 6);
  return [body[0] * light, body[1] * light, body[2] * light];
}

/** Waves of sand under an evening sky. */
function dunes(x: number, y: number): Colour {
  const ridge = 0.45 + 0.08 * Math.sin(x * 5 + 0.6) + 0.03 * Math.sin(x * 13);
  if (y < ridge) return mix([0.35, 0.5, 0.78], [0.98, 0.78, 0.6], y / ridge);
  const ripple = 0.5 + 0.5 * Math.sin(y * 90 + 6 * Math.sin(x * 4 + y * 3));
  return mix(
    [0.72, 0.5, 0.28],
    [0.93, 0.76, 0.5],
    0.55 * ripple + 0.45 * (1 - (y - ridge) / (1 - ridge)),
  );
}

/** A leaf with veins, on grey stone. */
function leaf(x: number, y: number): Colour {
  const [along, across] = [x - 0.12 + (0.5 - y) * 0.15, (y - 0.5) * 0.75 + (x - 0.5) * 0.2];
  const t = along / 0.76;
  const half = t > 0 && t < 1 ? 0.19 * Math.sin(Math.PI * t ** 0.8) : 0;
  const grain = 0.5 + 0.25 * Math.sin(x * 310 + 40 * Math.sin(y * 71)) * Math.sin(y * 270);
  const stone = mix([0.52, 0.52, 0.54], [0.68, 0.67, 0.65], grain);
  if (Math.abs(across) > half) return stone;
  const isVein =
    Math.abs(across) < 0.006 || Math.abs(Math.sin(t * 26 - Math.abs(across) * 60)) < 0.12;
  const green = mix([0.16, 0.42, 0.12], [0.42, 0.66, 0.22], 0.4 + 0.6 * Math.sin(t * 2.4));
  return isVein ? mix(green, [0.75, 0.86, 0.5], 0.6) : green;
}

const sample = (
  name: string,
  title: string,
  paint: (x: number, y: number) => Colour,
): SamplePicture => {
  let painted: Buffer | null = null;
  return { name, title, png: () => (painted ??= makePng(WIDTH, HEIGHT, paint)) };
};

/** The first one is what GET /test classifies. */
export const SAMPLES: readonly [SamplePicture, ...SamplePicture[]] = [
  sample('rings', 'Rings', rings),
  sample('dunes', 'Dunes', dunes),
  sample('leaf', 'Leaf', leaf),
];

/** @throws NotFound */
export function sampleNamed(name: string): SamplePicture {
  const found = SAMPLES.find((one) => one.name === name);
  if (found === undefined) throw new NotFound('There is no such sample picture.');
  return found;
}
