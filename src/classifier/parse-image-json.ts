import { decodeBase64, decodeExactly, isForeign } from '../http/decode-base64.ts';
import { parseJson } from '../http/parse-json.ts';
import { RequestRefused } from './faults.ts';
import { predictRequest } from './schemas.ts';

/** `{"image":"` with white space wherever JSON allows it. */
const HEAD = /^\s*\{\s*"image"\s*:\s*"/;
const HEAD_BYTES = 64;
const TAIL = /"\s*\}\s*$/;
const TAIL_BYTES = 16;
const SNIFFED = 64;

/**
 * The image of a JSON body.
 * @throws RequestRefused 422 (no JSON, no image), 400 (no base64)
 */
export function parseImageJson(body: Buffer): Buffer {
  return plainImage(body) ?? decoded(imageField(body));
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
  const text = body.toString('latin1', start, tailFrom + end);
  // What begins with anything else is looked at once, by the way that says what is wrong with it.
  return isForeign(text.slice(0, SNIFFED)) ? null : decodeExactly(text);
}

function imageField(body: Buffer): string {
  const parsed = parseJson(body);
  if (parsed === undefined)
    throw new RequestRefused(422, 'The body is not JSON: send {"image": "<base64>"}.', {
      type: 'json_invalid',
      loc: ['body'],
    });
  const request = predictRequest.safeParse(parsed);
  if (request.success) return request.data.image;
  const loc = request.error.issues[0]?.path.length === 0 ? ['body'] : ['body', 'image'];
  const isMissing = loc.length === 2 && !('image' in (parsed as object));
  throw new RequestRefused(422, 'Send an object with the image as text: {"image": "<base64>"}.', {
    type: isMissing ? 'missing' : loc.length === 2 ? 'string_type' : 'model_attributes_type',
    loc,
  });
}

function decoded(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes === null)
    throw new RequestRefused(400, 'The field "image" is not base64: encode the file as it is.');
  return bytes;
}
