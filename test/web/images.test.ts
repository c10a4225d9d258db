import assert from 'node:assert/strict';

import { predictionId } from '../../src/domain/ids.ts';
import { createImageLinks } from '../../src/web/image-links.ts';
import { photo } from './photos.ts';
import { OPS, startTestWeb, type TestWeb } from './start-test-web.ts';

const DAY_MS = 86_400_000;
const LABEL_STUDIO = 'http://localhost:8080';

describe('signed images', () => {
  let web: TestWeb;
  let path: string;
  let id: string;
  const links = (key: string) =>
    createImageLinks({ publicUrl: 'http://truthloop.test', keys: [key], days: 90 });
  const status = async (at: string): Promise<number> => (await web.get(at)).status;

  beforeEach(async () => {
    web = await startTestWeb({ imageKeys: ['the-key-that-signs-now', 'the-key-of-before'] });
    const answer = (await (await web.upload(await photo())).json()) as Record<string, string>;
    id = answer['id']!;
    path = answer['image_url']!.replace('http://truthloop.test', '');
  });
  afterEach(() => web.stop());

  it('show the picture as nothing but a picture', async () => {
    const response = await web.get(path);
    assert.equal(response.status, 200);
    const expected = {
      'content-type': 'image/jpeg',
      'content-disposition': `inline; filename="${id}.jpg"`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    };
    for (const [name, value] of Object.entries(expected))
      assert.equal(response.headers.get(name), value);
    const stored = await web.store.findPrediction(predictionId(id));
    const kept = await web.objects.get(stored!.objectKey);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), kept);
  });

  it('open for 90 days and no longer', async () => {
    web.time.now += 90 * DAY_MS - 1000;
    assert.equal(await status(path), 200);
    web.time.now += 3_600_000 + 2000;
    assert.equal(await status(path), 403);
  });

  it('are refused when anything about them was altered', async () => {
    const other = await web.predict(await photo(10));
    assert.equal(await status(path.replace(id, other)), 403, 'another picture');
    assert.equal(await status(path.replace(/exp=\d/, 'exp=9')), 403, 'a longer life');
    assert.equal(await status(path.slice(0, -2)), 403, 'a cut signature');
    assert.equal(await status(`/images/${id}`), 403, 'no signature');
    assert.equal(await status(`${path}&exp=1`), 403, 'two lives');
    const foreign = links('a-key-of-somebody-else').pathFor(predictionId(id), web.time.now);
    assert.equal(await status(foreign), 403, 'another key');
  });

  it('made with the key of before open still', async () => {
    const old = links('the-key-of-before').pathFor(predictionId(id), web.time.now);
    assert.equal(await status(old), 200);
  });

  it("may be read by Label Studio's pages and by no other site's", async () => {
    const allowed = await web.get(path, { Origin: LABEL_STUDIO });
    assert.equal(allowed.headers.get('access-control-allow-origin'), LABEL_STUDIO);
    assert.match(allowed.headers.get('vary') ?? '', /Origin/);
    const foreign = await web.get(path, { Origin: 'http://evil.test' });
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
    const asked = await fetch(web.url + path, {
      method: 'OPTIONS',
      headers: { Origin: LABEL_STUDIO, 'Access-Control-Request-Method': 'GET' },
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), LABEL_STUDIO);
  });

  it('are gone with the prediction', async () => {
    const erased = await fetch(`${web.url}/api/predictions/${id}`, {
      method: 'DELETE',
      headers: OPS,
    });
    assert.equal(erased.status, 204);
    assert.equal(await status(path), 404);
  });
});

describe('example pictures', () => {
  it('can be shown by a page elsewhere and kept for ever; nothing else is there', async () => {
    const path = '/examples/0123456789abcdef.jpg';
    const examples = [{ className: 'circle', path, jpeg: await photo() }];
    const web = await startTestWeb({ options: { examples } });
    const response = await web.get(path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'image/jpeg');
    assert.equal(response.headers.get('cross-origin-resource-policy'), 'cross-origin');
    assert.match(response.headers.get('cache-control') ?? '', /immutable/);
    assert.equal((await web.get('/examples/other.jpg')).status, 404);
    await web.stop();
  });
});
