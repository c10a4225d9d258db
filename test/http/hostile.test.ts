import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

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
/** More than images are taken. */
const WANTED = 200;
const ROOM_TRIES_MAX = 300;
const ROOM_WAIT_MS = 100;
const isCheap = (cpu: number, growth: number): boolean =>
  cpu < CPU_SECONDS_MAX && growth < GROWTH_BYTES_MAX;
const HEADERS: Readonly<Record<Door, Record<string, string>>> = {
  form: FORM_HEADERS,
  json: { 'Content-Type': 'application/json' },
  image: { 'Content-Type': 'image/jpeg' },
  lines: { 'Content-Type': 'application/x-ndjson' },
};
const asJson = (bytes: Buffer, around: object): Buffer =>
  Buffer.from(JSON.stringify({ ...around, image: bytes.toString('base64') }));
const BODIES: Readonly<Record<Door, (bytes: Buffer, around: object) => Buffer>> = {
  ...{ form: wholeForm, json: asJson, image: (bytes) => bytes, lines: asJson },
};
const REPORT = { prediction: 'red', probability: 0.5, model_version: 'theirs-1' };

/** One way for an image to come in. */
interface Way {
  readonly method?: string;
  readonly name: string;
  readonly door: Door;
  readonly url: (program: Measured) => string;
  readonly headers: (program: Measured) => Record<string, string>;
  /** Other fields of its JSON. */
  readonly around: object;
  /** What an image that is taken is answered. */
  readonly taken: number;
  /** Its image may come later. */
  readonly isImageOptional?: true;
  /** Refused with 503 while answers that somebody waits for come first: uploads at web leave some of its work behind. */
  readonly givesWay?: true;
}

const none = (): Record<string, string> => ({});
const withKey = ({ ingestKey }: Measured): Record<string, string> => ({
  Authorization: `Bearer ${ingestKey}`,
});
/** Each takes one image, ever. */
let given = 0;
const wantedImage = ({ webUrl, wanted }: Measured): string =>
  `${webUrl}/api/predictions/${wanted[given] ?? 'none'}/image`;

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
    ...{ name: 'an image body at the classifier', door: 'image', around: {}, taken: 200 },
    ...{ headers: none, url: ({ classifierUrl }) => `${classifierUrl}/predict` },
  },
  {
    ...{ name: 'JSON at the shadow model', door: 'json', around: {}, taken: 200, headers: none },
    givesWay: true,
    url: ({ classifierUrl }) => `${classifierUrl}/shadow/predict`,
  },
  {
    ...{ name: 'a form at the canary', door: 'form', around: {}, taken: 200, headers: none },
    url: ({ classifierUrl }) => `${classifierUrl}/canary/predict`,
  },
  {
    ...{ name: 'a report', door: 'json', around: REPORT, taken: 201, isImageOptional: true },
    ...{ headers: withKey, url: ({ webUrl }) => `${webUrl}/api/predictions` },
  },
  {
    ...{
      name: 'a line of a batch',
      door: 'lines',
      around: REPORT,
      taken: 201,
      isImageOptional: true,
    },
    ...{ headers: withKey, url: ({ webUrl }) => `${webUrl}/api/predictions` },
  },
  {
    ...{ name: 'a wanted image', method: 'PUT', door: 'image', around: {}, taken: 204 },
    ...{ headers: withKey, url: wantedImage },
  },
  {
    ...{ name: 'JSON of a wanted image', method: 'PUT', door: 'json', around: {}, taken: 204 },
    ...{ headers: withKey, url: wantedImage },
  },
];

async function untilThereIsRoom(ask: () => Promise<Answer>): Promise<Answer> {
  for (let left = ROOM_TRIES_MAX; ; left--) {
    const answer = await ask();
    if (answer.status !== 503 || left === 1) return answer;
    await wait(ROOM_WAIT_MS);
  }
}

/** What is answered to the only line of a batch, as if it had come alone; a refusal of the whole batch as it is. */
function answerToLine(answer: Answer): Answer {
  if (answer.status !== 200) return answer;
  const [first = '', ...others] = answer.body.trim().split('\n');
  assert.deepEqual(others, []);
  return { ...answer, status: (JSON.parse(first) as { status: number }).status };
}

const at = (image_url: unknown): object => ({ image_url });
/** The one host that is allowed is images.example. */
const HOSTILE_ADDRESSES: readonly (readonly [name: string, fields: object])[] = [
  ['a file of this machine', at('file:///etc/passwd')],
  ['data', at('data:image/png;base64,iVBORw0KGgo=')],
  ['another scheme', at('gopher://images.example/a.jpg')],
  ['this machine', at('http://127.0.0.1/a.jpg')],
  ['this machine as one number', at('http://2130706433/a.jpg')],
  ['this machine in another notation', at('http://0177.0.0.1/a.jpg')],
  ['this machine inside an IPv6 address', at('http://[::ffff:7f00:1]/a.jpg')],
  ["a cloud's metadata", at('http://169.254.169.254/latest/meta-data/')],
  ['another host', at('http://elsewhere.example/a.jpg')],
  ['a host that ends like the allowed one', at('http://not-images.example/a.jpg')],
  ['a host that begins like the allowed one', at('http://images.example.elsewhere.test/a.jpg')],
  ['the allowed host with another port', at('http://images.example:22/a.jpg')],
  ['a user before the allowed host', at('http://user:word@images.example/a.jpg')],
  ['the allowed host as a user of another', at('http://images.example@127.0.0.1/a.jpg')],
  ['the allowed host before a backslash', at('http://127.0.0.1\\@images.example/a.jpg')],
  ['a line break', at('http://images.example\r\nHost: 127.0.0.1/a.jpg')],
  ['no address', at('images.example/a.jpg')],
  ['2001 characters', at(`http://images.example/${'a'.repeat(2001 - 22)}`)],
  ['an empty text', at('')],
  ['a number', at(7)],
  ['a list', at(['http://images.example/a.jpg'])],
  ['beside an image', { image: 'AAAA', ...at('http://images.example/a.jpg') }],
];

describe('what hostile clients send', function () {
  this.timeout(120_000);
  let program: Measured;
  let picture: Buffer;
  const costs: { readonly name: string; readonly cpu: number; readonly growth: number }[] = [];
  before(async () => {
    program = await startMeasured({ ALLOWED_IMAGE_HOSTS: 'images.example' }, WANTED);
    picture = await plain('#ff0000');
    // What every first request pays for is no cost of the picture.
    for (const way of WAYS)
      for (let count = 0; count < 4; count++) {
        assert.equal((await sendImage(way, picture)).status, way.taken, way.name);
        await sendImage(way, Buffer.from('no picture'));
      }
  });
  after(() => program.stop());

  const sendTo = async (
    way: Way,
    sent: { headers: Record<string, string>; body: Buffer; isEndless?: boolean },
    how = send,
  ): Promise<Answer> => {
    const headers = { ...sent.headers, ...way.headers(program) };
    const method = way.method ?? 'POST';
    const ask = (): Promise<Answer> => how(way.url(program), { ...sent, method, headers });
    const answer = await (way.givesWay === true ? untilThereIsRoom(ask) : ask());
    if (answer.status === 204) given += 1;
    return way.door === 'lines' ? answerToLine(answer) : answer;
  };
  const sendImage = (way: Way, bytes: Buffer): Promise<Answer> =>
    sendTo(way, { headers: HEADERS[way.door], body: BODIES[way.door](bytes, way.around) });
  /** The least of some tries: what else the process does meanwhile is not the picture's. */
  const assertCheap = async (name: string, ask: () => Promise<unknown>): Promise<void> => {
    let [cpu, growth] = [Infinity, Infinity];
    for (let tries = 0; tries < TRIES_MAX && !isCheap(cpu, growth); tries++) {
      const used = await program.during(ask);
      cpu = Math.min(cpu, used.cpuSeconds);
      growth = Math.min(growth, used.growthBytes);
    }
    costs.push({ name, cpu, growth });
    assert.ok(isCheap(cpu, growth), `${cpu} s of CPU, ${growth} bytes`);
  };
  const assertAnswered = (way: Way, answer: Answer, status: number): void => {
    assert.equal(answer.status, status === 200 ? way.taken : status, answer.body.slice(0, 300));
    if (answer.status !== 204)
      assert.doesNotThrow(() => JSON.parse(answer.body), 'answers are JSON');
  };

  for (const way of WAYS) {
    describe(way.name, () => {
      for (const { name, bytes, status, isTrap } of HOSTILE_IMAGES)
        it(`is answered ${status === 200 ? way.taken : status}: ${name}`, async () => {
          const sent = await bytes();
          assertAnswered(way, await sendImage(way, sent), status);
          if (status !== 200 || isTrap === true)
            await assertCheap(`${way.name}: ${name}`, () => sendImage(way, sent));
        });
      for (const request of HOSTILE_REQUESTS.filter(({ door }) => door === way.door)) {
        const isTaken = request.isWithoutImage === true && way.isImageOptional === true;
        const status = isTaken ? 200 : request.status;
        it(`is answered ${status === 200 ? way.taken : status}: ${request.name}`, async () => {
          const sent = {
            headers: { ...request.headers },
            body: request.body(picture, way.around),
            isEndless: request.isEndless === true,
          };
          assertAnswered(way, await sendTo(way, sent), status);
          // Whether its answer gets through or not, once is once.
          const once = (): Promise<unknown> =>
            sendTo(way, sent, sendOnce).catch((error: unknown) => {
              if (!isBrokenPipe(error)) throw error;
            });
          if (status !== 200) await assertCheap(`${way.name}: ${request.name}`, once);
        });
      }
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

  describe('the address of an image', () => {
    for (const [name, fields] of HOSTILE_ADDRESSES)
      it(`is answered 422: ${name}`, async () => {
        const url = `${program.webUrl}/api/predictions`;
        const headers = { ...HEADERS.json, ...withKey(program) };
        const body = Buffer.from(JSON.stringify({ ...REPORT, ...fields }));
        const answer = await send(url, { headers, body });
        assert.equal(answer.status, 422, answer.body);
        await assertCheap(name, () => send(url, { headers, body }));
      });
  });

  after(() => {
    // docs/security.md states these.
    const costliest = (of: 'cpu' | 'growth') => costs.toSorted((a, b) => b[of] - a[of])[0];
    const [cpu, growth] = [costliest('cpu'), costliest('growth')];
    const ms = (1000 * (cpu?.cpu ?? 0)).toFixed(0);
    const mebibytes = ((growth?.growth ?? 0) / 1_048_576).toFixed(0);
    console.log(`    ${costs.length} refusals: at most ${ms} ms of CPU (${cpu?.name ?? ''}),`);
    console.log(`    ${mebibytes} MiB of growth (${growth?.name ?? ''})`);
  });

  // A suite's own tests come before those of the suites within it.
  describe('after all of it', () => {
    it('the program is as it was', async () => {
      for (const way of WAYS)
        assert.equal((await sendImage(way, picture)).status, way.taken, way.name);
    });
  });
});
