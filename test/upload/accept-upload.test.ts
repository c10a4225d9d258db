import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { UploadRejected } from '../../src/domain/errors.ts';
import { predictionId } from '../../src/domain/ids.ts';
import { acceptUpload } from '../../src/upload/accept-upload.ts';

const AT = Date.parse('2026-11-22T23:59:59Z');
const ID = predictionId('an-id');
const normalise = (bytes: Buffer) => Promise.resolve({ jpeg: Buffer.concat([bytes, bytes]) });

describe('accepting an upload', () => {
  it('names the object by day and prediction, and digests the bytes that are kept', async () => {
    const upload = await acceptUpload(Buffer.from('ab'), ID, AT, normalise);
    assert.equal(upload.objectKey, 'images/2026-11-22/an-id.jpg');
    assert.equal(upload.jpeg.toString(), 'abab');
    assert.equal(upload.contentDigest, createHash('sha256').update('abab').digest('hex'));
  });

  it('gives the same picture sent twice an object each', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((id) => acceptUpload(Buffer.from('ab'), predictionId(id), AT, normalise)),
    );
    assert.notEqual(one?.objectKey, two?.objectKey);
    assert.equal(one?.contentDigest, two?.contentDigest);
  });

  it('refuses nothing at all', async () => {
    for (const bytes of [null, Buffer.alloc(0)])
      await assert.rejects(
        acceptUpload(bytes, ID, AT, normalise),
        (error) => error instanceof UploadRejected && error.reason === 'missing',
      );
  });
});
