import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { FORM_HEADERS, wholeForm } from '../../test/fixtures/hostile-requests.ts';
import { send } from '../../test/http/send.ts';
import type { Measured } from '../../test/http/start-measured.ts';
import { damaged, type Uniform } from './damage.ts';

/** The ways in which a picture comes in. */
export const DOORS = [
  ...['web form', 'classifier form', 'classifier json', 'classifier image'],
  ...['report', 'batch', 'wanted image'],
] as const;

/** One request, whole enough to be sent again. */
export interface Input {
  readonly door: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const REPORT = { prediction: 'red', probability: 0.5, model_version: 'x' };
const JSON_HEADERS = { 'Content-Type': 'application/json' };
const IMAGE_HEADERS = { 'Content-Type': 'image/jpeg' };
const BATCH_HEADERS = { 'Content-Type': 'application/x-ndjson' };

const json = (picture: Buffer, around: object): Buffer =>
  Buffer.from(`${JSON.stringify({ image: picture.toString('base64'), ...around })}\n`);

/** A picture as it is sent through a door. */
function wrapped(door: string, picture: Buffer): Omit<Input, 'door'> {
  if (door.endsWith('form')) return { headers: FORM_HEADERS, body: wholeForm(picture) };
  if (door.endsWith('image')) return { headers: IMAGE_HEADERS, body: picture };
  if (door === 'report') return { headers: JSON_HEADERS, body: json(picture, REPORT) };
  if (door === 'classifier json') return { headers: JSON_HEADERS, body: json(picture, {}) };
  const [line, bare] = [json(picture, REPORT), json(Buffer.alloc(0), { ...REPORT, image: null })];
  return { headers: BATCH_HEADERS, body: Buffer.concat([bare, line, bare]) };
}

/** Half of the inputs are a damaged picture in a sound body, half a damaged picture in a damaged body. */
export function inputOf(door: string, picture: Buffer, uniform: Uniform): Input {
  const { headers, body } = wrapped(door, picture);
  return { door, headers, body: uniform() < 0.5 ? body : damaged(body, uniform, body) };
}

/** Keeps an input under a name, with what is told of it. */
export function keepInput(folder: string, name: string, input: Input, told: object): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  const text = { ...told, ...input, body: input.body.toString('base64') };
  writeFileSync(file, `${JSON.stringify(text, null, 2)}\n`);
  return file;
}

export function readInput(file: string): Input {
  const { door, headers, body } = JSON.parse(readFileSync(file, 'utf8')) as Input & {
    readonly body: unknown;
  };
  return { door, headers, body: Buffer.from(String(body), 'base64') };
}

/** Files of kept inputs. */
export const keptIn = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => path.join(folder, name))
    : [];

const STATUSES = new Set([200, 201, 204, 400, 413, 415, 422]);
/** A wanted image is taken once. */
let given = 0;

/** @returns null when the answer is one that may be, else what is wrong with it */
export async function faultOf(input: Input, program: Measured): Promise<string | null> {
  const headers = { ...input.headers, Authorization: `Bearer ${program.ingestKey}` };
  const isWanted = input.door === 'wanted image';
  const method = isWanted ? 'PUT' : 'POST';
  try {
    const { status, body } = await send(urlOf(input, program), { ...input, method, headers });
    if (isWanted && status === 204) given += 1;
    const statuses = [status, ...(input.door === 'batch' && status === 200 ? linesOf(body) : [])];
    const wrong = statuses.find((one) => !STATUSES.has(one));
    if (wrong !== undefined) return `answered ${wrong}: ${body.slice(0, 200)}`;
    if (input.door !== 'batch' && status !== 204) JSON.parse(body);
    return null;
  } catch (error) {
    return String(error);
  }
}

function urlOf({ door }: Input, { webUrl, classifierUrl, wanted }: Measured): string {
  if (door === 'web form') return `${webUrl}/predict`;
  if (door.startsWith('classifier')) return `${classifierUrl}/predict`;
  const reports = `${webUrl}/api/predictions`;
  return door === 'wanted image'
    ? `${reports}/${wanted[given % wanted.length] ?? ''}/image`
    : reports;
}

const linesOf = (body: string): readonly number[] =>
  body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { status: number }).status);
