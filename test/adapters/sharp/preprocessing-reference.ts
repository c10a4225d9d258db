import { readFileSync } from 'node:fs';

import type { TensorShape } from '../../../src/adapters/sharp/decode-to-tensor.ts';

const FOLDER = new URL('../../golden/preprocessing/', import.meta.url);

/** What Pillow, numpy and Python's onnxruntime made of one picture (data-prep/make_reference.py). */
export interface ReferenceImage {
  readonly file: string;
  readonly input: {
    readonly mean: readonly number[];
    readonly std: readonly number[];
    /** [channel][row][column]: means of 4 x 4 tiles of the input tensor. */
    readonly tiles: readonly (readonly (readonly number[])[])[];
  };
  readonly probabilities: readonly number[];
  readonly prediction: string;
  readonly tolerance: { readonly tiles: number; readonly probabilities: number };
}

interface Reference {
  readonly modelSha256: string;
  readonly classes: readonly string[];
  readonly images: readonly ReferenceImage[];
}

export const REFERENCE = JSON.parse(
  readFileSync(new URL('reference.json', FOLDER), 'utf8'),
) as Reference;

export const referenceBytes = (file: string): Buffer => readFileSync(new URL(file, FOLDER));

/** The input that the reference was made for. */
export const REFERENCE_INPUT: TensorShape = {
  width: 224,
  height: 224,
  layout: 'NCHW',
  colour: 'RGB',
  resize: 'fill',
  kernel: 'linear',
  mean: [127, 127, 127],
  std: [128, 128, 128],
};
