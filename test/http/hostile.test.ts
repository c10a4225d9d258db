import assert from 'node:assert/strict';

import { plain } from '../adapters/onnx/tiny-model.ts';
import { HOSTILE_IMAGES } from '../fixtures/hostile-images.ts';
import {
  type Door,
  FORM_HEADERS,
  HOSTILE_REQUESTS,
  wholeForm,
} from '../fixtures/hostile-requests.ts';
import { type Answer, isBrokenPipe, send, sendOnce } from './send.ts';
import { type Measured, startMeasured } from './start-measured.ts';

const CPU_SECONDS_MAX = 0.05;
const GROWTH_BYTES_MAX = 50 * 1024 * 1024;
const TRIES_MAX = 25;
const isCheap = (cpu: number, growth: number): boolean =>
  cpu < CPU_SECONDS_MAX && growth < GROWTH_BYTES_MAX;
const JSON_HEADERS = { 'Content-Type': 'application/json' };
const REPORT = { prediction: 'red', probability: 0.5, model_version: 'theirs-1' };

/** One way for an image to come in. */
interface Way {
  readonly name: string;
  readonly door: Door;
  readonly url: (program: Measured) => string;
  readonly headers: (program: Measured) => Record<string, string>;
  /** Other fields of its JSON. */
  readonly around: object;
  /** What an image that is taken is answered. */
  readonly taken: number;
}

const none = (): Record<string, string> => ({});
const WAYS: readonly Way[] = [
  {
    ...{ name: 'a form at web', door: 'form', around: {}, taken: 200, headers: none },
    url: ({ webUrl }) => `${webUrl}/predict`,
  },
  {
    ...{ name: 'a form at the classifier', door: 'form', around: {}, taken: 200, headers: none },
    url: ({ classifierUrl }) => `${classifierUrl}/predict`,
  },
  {
    ...{ name: 'JSON at the classifier', door: 'json', around: {}, taken: 200, headers: none },
    url: ({ classifierUrl }) => `${classifierUrl}/predict`,
  },
  {
    ...{ name: 'a report', door: 'json', around: REPORT, taken: 201 },
    headers: ({ ingestKey }) => ({ Authorization: `Bearer ${ingestKey}` }),
    url: ({ webUrl }) => `${webUrl}/api/predictions`,
  },
];

describe('what hostile clients send', function () {
  this.timeout(120_000);
  let program: Measured;
  let picture: Buffer;
  const costs: { readonly cpu: number; readonly growth: number }[] = [];
  before(async () => {
    program = await startMeasured();
    picture = await plain('#ff0000');
    // What every first request pays for is no cost of the picture.
    for (const way of WAYS)
      for (let count = 0; count < 4; count++) {
        assert.equal((await sendImage(way, picture)).status, way.taken, way.name);
        await sendImage(way, Buffer.from('no picture'));
      }
  });
  after(() => program.stop());

  const sendTo = (
    way: Way,
    sent: { headers: Record<string, string>; body: Buffer; isEndless?: boolean },
    how = send,
  ): Promise<Answer> =>
    how(way.url(program), { ...sent, headers: { ...sent.headers, ...way.headers(program) } });
  const sendImage = (way: Way, bytes: Buffer): Promise<Answer> =>
    way.door === 'form'
      ? sendTo(way, { headers: FORM_HEADERS, body: wholeForm(bytes) })
      : sendTo(way, { headers: JSON_HEADERS, body: Buffer.from(asJson(way, bytes)) });
  const asJson = (way: Way, bytes: Buffer): string =>
    JSON.stringify({ ...way.around, image: bytes.toString('base64') });

  /** The least of some tries: what else the process does meanwhile is not the picture's. */
  const assertCheap = async (ask: () => Promise<unknown>): Promise<void> => {
    let [cpu, growth] = [Infinity, Infinity];
    for (let tries = 0; tries < TRIES_MAX && !isCheap(cpu, growth); tries++) {
      const used = await program.during(ask);
      cpu = Math.min(cpu, used.cpuSeconds);
      growth = Math.min(growth, used.growthBytes);
    }
    costs.push({ cpu, growth });
    assert.ok(isCheap(cpu, growth), `${cpu} s of CPU, ${growth} bytes`);
  };
  const assertAnswered = (way: Way, answer: Answer, status: number): void => {
    assert.equal(answer.status, status === 200 ? way.taken : status, answer.body.slice(0, 300));
    assert.doesNotThrow(() => JSON.parse(answer.body), 'answers are JSON');
  };

  for (const way of WAYS) {
    describe(way.name, () => {
      for (const { name, bytes, status, isTrap } of HOSTILE_IMAGES)
        it(`is answered ${status === 200 ? way.taken : status}: ${name}`, async () => {
          const sent = await bytes();
          assertAnswered(way, await sendImage(way, sent), status);
          if (status !== 200 || isTrap === true) await assertCheap(() => sendImage(way, sent));
        });
      for (const request of HOSTILE_REQUESTS.filter(({ door }) => door === way.door))
        it(`is answered ${request.status === 200 ? way.taken : request.status}: ${request.name}`, async () => {
          const sent = {
            headers: { ...request.headers },
            body: request.body(picture, way.around),
            isEndless: request.isEndless === true,
          };
          assertAnswered(way, await sendTo(way, sent), request.status);
          // Whether its answer gets through or not, once is once.
          const once = (): Promise<unknown> =>
            sendTo(way, sent, sendOnce).catch((error: unknown) => {
              if (!isBrokenPipe(error)) throw error;
            });
          if (request.status !== 200) await assertCheap(once);
        });
      if (way.door === 'form')
        it('is answered 400 wherever it is cut', async () => {
          const whole = wholeForm(picture);
          const cuts = [...Array(70).keys(), ...[whole.length - 12, whole.length - 6]];
          for (const length of cuts.map((cut) => (cut < 70 ? cut * 2 : cut))) {
            const sent = { headers: FORM_HEADERS, body: whole.subarray(0, length) };
            assertAnswered(way, await sendTo(way, sent), 400);
          }
        });
    });
  }

  after(() => {
    // docs/security.md states these.
    const most = (of: 'cpu' | 'growth'): number => Math.max(...costs.map((cost) => cost[of]));
    const [ms, mebibytes] = [most('cpu') * 1000, most('growth') / 1_048_576];
    console.log(
      `    ${costs.length} refusals: at most ${ms.toFixed(0)} ms of CPU, ${mebibytes.toFixed(0)} MiB of growth`,
    );
  });

  it('leaves the program as it was', async () => {
    for (const way of WAYS)
      assert.equal((await sendImage(way, picture)).status, way.taken, way.name);
  });
});
