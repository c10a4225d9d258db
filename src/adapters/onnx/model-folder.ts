import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { z } from 'zod';

import { ModelUnusable } from '../../domain/errors.ts';
import { type ModelVersion, modelVersion } from '../../domain/ids.ts';
import { NONE_OF_THESE } from '../../domain/prediction.ts';

const perChannel = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1).max(4096);

/** `model.json`: what a model folder says of its ONNX file. */
export const modelFileSchema = z.object({
  name: z.string().min(1),
  version: z.string().min(1).max(200),
  file: z
    .string()
    .regex(/^[\w.-]+\.onnx$/, 'expected the name of an .onnx file in the same folder'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
  classes: z
    .array(z.string().min(1).max(200))
    .min(2)
    .max(1000)
    .refine((names) => new Set(names).size === names.length, 'expected each class once')
    .refine(
      (names) => !names.includes(NONE_OF_THESE),
      `"${NONE_OF_THESE}" is always there and can't be a class`,
    ),
  input: z.object({
    name: z.string().min(1),
    width: side,
    height: side,
    layout: z.enum(['NCHW', 'NHWC']),
    colour: z.enum(['RGB', 'BGR']),
    resize: z.enum(['fill', 'cover']),
    kernel: z.enum(['linear', 'cubic', 'lanczos3']),
    mean: perChannel,
    std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  }),
  outputs: z.object({ logits: z.string().min(1), embedding: z.string().min(1).nullish() }),
  lowConfidenceThreshold: z.number().min(0).max(1).optional(),
  offline: z
    .object({ dataset: z.string().min(1), n: z.int().min(1), right: z.int().min(0) })
    .refine(({ n, right }) => right <= n, 'expected right <= n')
    .optional(),
  /** Mean confidence on the held-out photos. */
  confidenceReference: z.number().min(0).max(1).optional(),
  licence: z.string().min(1).optional(),
  attribution: z.array(z.string()).default([]),
  description: z.string().default(''),
});

/** A model folder whose file is the one that its `model.json` describes. */
export type ModelFolder = Readonly<Omit<z.output<typeof modelFileSchema>, 'file' | 'version'>> & {
  readonly version: ModelVersion;
  /** Full path of the ONNX file. */
  readonly path: string;
};

/**
 * Reads and checks a model folder.
 * @param dir holds `model.json` and the ONNX file that it names
 * @param setting that names the folder, for messages
 * @throws ModelUnusable naming every fault: no such file, a field that breaks its rule, another digest
 */
export async function readModelFolder(dir: string, setting = 'MODEL_DIR'): Promise<ModelFolder> {
  const jsonPath = join(resolve(dir), 'model.json');
  const parsed = modelFileSchema.safeParse(await readJson(jsonPath, setting));
  if (!parsed.success)
    throw new ModelUnusable(
      `${jsonPath} can't be used:\n${parsed.error.issues
        .map(({ path, message }) => `  ${path.join('.') || '(all)'}: ${message}`)
        .join('\n')}`,
    );
  const { file, version, ...rest } = parsed.data;
  const path = join(resolve(dir), file);
  await checkDigest(path, rest.sha256);
  return { ...rest, version: modelVersion(version), path };
}

async function readJson(path: string, setting: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ModelUnusable(
      `${path} can't be read: ${setting} must name a folder with a model.json; "npm start" makes the built-in one.`,
      { cause: error },
    );
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelUnusable(`${path} is not JSON: make the model folder again.`, { cause: error });
  }
}

async function checkDigest(path: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((error: unknown) => {
    throw new ModelUnusable(`${path} can't be read: make the model folder again.`, {
      cause: error,
    });
  });
  const found = hash.digest('hex');
  if (found !== expected)
    throw new ModelUnusable(
      `${path} is not the file that its model.json describes: expected SHA-256 ${expected}, found ${found}. Make the model folder again.`,
    );
}
