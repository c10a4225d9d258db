import assert from 'node:assert/strict';
import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

import { StoreUnavailable } from '../../src/domain/errors.ts';
import { predictionId } from '../../src/domain/ids.ts';
import { BATCH_LINES_MAX, type LineAnswer } from '../../src/web/report-batch.ts';
import { photo } from './photos.ts';
import { INGEST, startTestWeb, type TestWeb } from './start-test-web.ts';

const report = (changes: object = {}): object => ({
  prediction: 'square',
  probability: 0.8,
  model_version: 'theirs-3',
  ...changes,
});

describe('a batch of reports', () => {
  let web: TestWeb;
  const send = (body: string, headers: Record<string, string> = INGEST) =>
    web.post('/api/predictions', body, { 'Content-Type': 'application/x-ndjson', ...headers });
  const answersOf = async (response: Response): Promise<LineAnswer[]> =>
    (await response.text())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LineAnswer);
  const lines = (...reports: readonly (object | string)[]): string =>
    reports.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n');

  beforeEach(async () => {
    web = await startTestWeb({ options: { classifier: null } });
  });
  afterEach(() => web.stop());

  it('is answered line by line, in order; a faulty line stops no other', async () => {
    const image = (await photo()).toString('base64');
    const response = await send(
      lines(
        report({ external_id: 'a' }),
        'not json',
        report({ image }),
        report({ prediction: 'cat' }),
        '',
        report({ external_id: 'a' }),
        report({ image: Buffer.from('text').toString('base64') }),
      ),
    );
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/x-ndjson/);
    const answers = await answersOf(response);
    assert.deepEqual(
      answers.map(({ line, status }) => [line, status]),
      [
        [1, 201],
        [2, 422],
        [3, 201],
        [4, 422],
        [6, 200],
        [7, 415],
      ],
    );
    assert.equal(answers[4]?.id, answers[0]?.id);
    assert.match(answers[3]?.error?.message ?? '', /"cat" is no class/);
  });

  it('is recorded without images: known and counted, its image wanted only where it is to be labelled', async () => {
    const [answer] = await answersOf(await send(lines(report())));
    const stored = await web.store.findPrediction(predictionId(answer?.id ?? ''));
    assert.equal(stored?.contentDigest, '');
    assert.equal(await web.objects.get(stored.objectKey), null);
  });

  it('in Windows lines, cut anywhere between two packets, is read all the same', async () => {
    const body = `${lines(report({ external_id: 'ä' }), report())}\r\n`.replaceAll('}\n', '}\r\n');
    for (let cut = 1; cut < body.length; cut += 17) {
      const bytes = Buffer.from(body);
      const answers = await sendInParts([bytes.subarray(0, cut), bytes.subarray(cut)]);
      assert.equal(answers.length, 2, `cut at ${cut}`);
      assert.ok(answers.every(({ status }) => status < 300));
    }
  });

  it('says which lines may be sent again when the store does not answer', async () => {
    const record = web.store.recordPrediction.bind(web.store);
    let calls = 0;
    web.store.recordPrediction = (prediction) => {
      calls += 1;
      return calls === 2 ? Promise.reject(new StoreUnavailable('away')) : record(prediction);
    };
    const response = await send(lines(report(), report(), report()));
    assert.deepEqual(
      (await answersOf(response)).map(({ status }) => status),
      [201, 503, 201],
    );
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
  });

  it('has few of its images in memory at once, from their fetching to their record', async () => {
    await web.stop();
    const bytes = await photo();
    let [held, most] = [0, 0];
    const fetchImage = async (): Promise<Buffer> => {
      held += 1;
      most = Math.max(most, held);
      await new Promise((resolve) => setImmediate(resolve));
      return bytes;
    };
    web = await startTestWeb({ options: { classifier: null, fetchImage } });
    const record = web.store.recordPrediction.bind(web.store);
    web.store.recordPrediction = (prediction) => {
      held -= 1;
      return record(prediction);
    };
    const image_url = 'https://images.example/a.jpg';
    const answers = await answersOf(
      await send(lines(...Array.from({ length: 100 }, () => report({ image_url })))),
    );
    assert.ok(answers.every(({ status }) => status === 201));
    assert.ok(most <= 8, `${most} at once`);
  });

  it('refuses a line beyond the limit without keeping it, and lines beyond the thousands', async () => {
    const long = report({ segment: 'x'.repeat(500_000) });
    const answers = await answersOf(await send(lines(long, report())));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [413, 201],
    );
    const many = Array.from({ length: BATCH_LINES_MAX + 3 }, () => '{}');
    const refused = await answersOf(await send(lines(...many)));
    assert.equal(refused.length, BATCH_LINES_MAX + 1);
    assert.equal(refused.at(-1)?.status, 413);
  });

  it('is no failure of ours when the client breaks off', async () => {
    const outgoing = request(`${web.url}/api/predictions`, {
      method: 'POST',
      headers: { ...INGEST, 'Content-Type': 'application/x-ndjson', 'Content-Length': 1000 },
    });
    outgoing.on('error', () => undefined);
    outgoing.write(`${lines(report())}\n`, () => setImmediate(() => outgoing.destroy()));
    while (!web.logged.some((event) => event.includes('request '))) await setTimeout(5);
    assert.deepEqual(
      web.logged.filter((event) => event.includes('request ')),
      ['debug request refused'],
    );
  });

  it('needs a key', async () => {
    assert.equal((await send(lines(report()), {})).status, 401);
  });

  function sendInParts(parts: readonly Buffer[]): Promise<LineAnswer[]> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${web.url}/api/predictions`,
        { method: 'POST', headers: { ...INGEST, 'Content-Type': 'application/x-ndjson' } },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('end', () => {
            resolve(answersOf(new Response(Buffer.concat(chunks))));
          });
        },
      );
      outgoing.on('error', reject);
      const [first, second] = parts;
      outgoing.write(first, () => {
        setImmediate(() => outgoing.end(second));
      });
    });
  }
});
