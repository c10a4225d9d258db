import { RequestRefused } from './faults.ts';
import { predictRequest } from './schemas.ts';

/** `{"image":"` with white space wherever JSON allows it. */
const HEAD = /^\s*\{\s*"image"\s*:\s*"/;
const HEAD_BYTES = 64;
const TAIL = /"\s*\}\s*$/;
const TAIL_BYTES = 16;
const DATA_URL = /^data:[^,]{0,200};base64,/i;

/**
 * The image of a JSON body.
 * @throws RequestRefused 422 (no JSON, no image), 400 (no base64)
 */
export function parseImageJson(body: Buffer): Buffer {
  return plainImage(body) ?? decodeBase64(imageField(body));
}

/**
 * Nearly every body is one field of plain base64: no need to make two copies of it as text. Any other character in
 * between (a second field's quotes, a backslash) makes the decoded length wrong, and the body is parsed the long way.
 */
function plainImage(body: Buffer): Buffer | null {
  const start = HEAD.exec(body.toString('latin1', 0, HEAD_BYTES))?.[0].length;
  const tailFrom = Math.max(0, body.length - TAIL_BYTES);
  const end = TAIL.exec(body.toString('latin1', tailFrom))?.index;
  if (start === undefined || end === undefined) return null;
  return decodeExactly(body.toString('latin1', start, tailFrom + end));
}

function imageField(body: Buffer): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new RequestRefused(422, 'The body is not JSON: send {"image": "<base64>"}.', {
      type: 'json_invalid',
      loc: ['body'],
    });
  }
  const request = predictRequest.safeParse(parsed);
  if (request.success) return request.data.image;
  const loc = request.error.issues[0]?.path.length === 0 ? ['body'] : ['body', 'image'];
  const isMissing = loc.length === 2 && !('image' in (parsed as object));
  throw new RequestRefused(422, 'Send an object with the image as text: {"image": "<base64>"}.', {
    type: isMissing ? 'missing' : loc.length === 2 ? 'string_type' : 'model_attributes_type',
    loc,
  });
}

function decodeBase64(text: string): Buffer {
  const bytes =
    decodeExactly(text) ?? decodeExactly(text.replace(DATA_URL, '').replace(/\s+/g, ''));
  if (bytes === null)
    throw new RequestRefused(400, 'The field "image" is not base64: encode the file as it is.');
  return bytes;
}

/** Buffer leaves out what is no base64: only a text that decodes to its full length is base64 throughout. */
function decodeExactly(text: string): Buffer | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  return characters % 4 !== 1 && bytes.length === Math.floor((characters * 3) / 4) ? bytes : null;
}
