import { sumOver } from '../../src/estimate/weights.ts';

/** One case of a golden file; `inputs` has the shape that the check of its file and kind knows. */
export interface GoldenCase {
  readonly kind?: string;
  readonly fn?: string;
  readonly tolerance?: number;
  readonly inputs: unknown;
  readonly expected: unknown;
}

/** Computes what a case expects, from its inputs. */
export type Check = (inputs: unknown) => unknown;

/** A check that states the shape of the inputs that it reads; the file's name vouches for it. */
export const check = (compute: (inputs: never) => unknown): Check => compute as Check;

export const total = (values: readonly number[]): number => sumOver(values, (value) => value);
export const mean = (values: readonly number[]): number => total(values) / values.length;
export const symmetric = (centre: number, half: number): readonly [number, number] => [
  centre - half,
  centre + half,
];
