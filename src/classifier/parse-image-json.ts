import { decodeBase64 } from '../http/decode-base64.ts';
import { parseJson } from '../http/parse-json.ts';
import { RequestRefused } from './faults.ts';
import { predictRequest } from './schemas.ts';

/**
 * The image of a JSON body of any shape.
 * @throws RequestRefused 422 (no JSON, no image), 400 (no base64)
 */
export const parseImageJson = (body: Buffer): Buffer => decoded(imageField(body));

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
