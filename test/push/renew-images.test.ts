import assert from 'node:assert/strict';

import type { PredictionId } from '../../src/domain/ids.ts';
import { createCheckPicture } from '../../src/push/check-picture.ts';
import { renewImages } from '../../src/push/renew-images.ts';
import { createImageLinks } from '../../src/web/image-links.ts';
import { type Loop, openLoop } from '../fakes/label-studio-loop.ts';

const DAY = 86_400_000;
const DAYS = 90;

describe('addresses of pictures in open tasks', function () {
  this.timeout(30_000);
  let loop: Loop;
  let links: ReturnType<typeof createImageLinks>;
  const linkBy = (publicUrl: string, ...keys: [string, ...string[]]): void => {
    links = createImageLinks({ publicUrl, keys, days: DAYS });
  };
  beforeEach(async () => {
    loop = await openLoop();
    linkBy('http://old.test', 'key-1');
    loop.settings.push = {
      ...loop.settings.push,
      imageUrl: (id) => links.urlFor(id, loop.now()),
    };
    await loop.ensure();
  });
  afterEach(() => loop.close());

  const clock = { now: () => loop.now() };
  const logged: string[] = [];
  const note =
    (level: string) =>
    (fields: object, event: string): void =>
      void logged.push(`${level} ${event} ${JSON.stringify(fields)}`);
  const log = {
    error: note('error'),
    warn: note('warn'),
    info: note('info'),
    debug: note('debug'),
  };
  const renew = async (): Promise<number> => {
    const settings = { linksFingerprint: links.fingerprint, linkLifeMs: DAYS * DAY };
    const renewed = await renewImages({ store: loop.store, clock, log }, settings, loop.fence);
    assert.equal((await loop.push()).error, null);
    return renewed;
  };
  const address = async (id: PredictionId): Promise<string> => {
    const task = loop.fake.records.tasks.get((await loop.task(id)).taskId);
    return String(task?.data['image']);
  };
  const isLiving = async (id: PredictionId): Promise<boolean> => {
    const { pathname, searchParams } = new URL(await address(id));
    return links.secondsLeft(pathname, Object.fromEntries(searchParams), loop.now()) !== null;
  };

  it('are written once more only when they are made otherwise, and only into open tasks', async () => {
    await renew();
    const ids = await loop.pushed(4);
    const [labelled, ...open] = ids as [PredictionId, ...PredictionId[]];
    await loop.people.annotate((await loop.task(labelled)).taskId, ['soup']);
    await loop.pull();
    assert.equal(await renew(), 0);
    for (const change of [
      () => {
        linkBy('http://new.test', 'key-1');
      },
      () => {
        linkBy('http://new.test', 'key-2', 'key-1');
      },
    ]) {
      change();
      assert.equal(await renew(), open.length);
      assert.equal(await renew(), 0);
      for (const id of open) {
        assert.match(await address(id), /^http:\/\/new\.test\//);
        assert.ok(await isLiving(id));
      }
    }
    assert.match(await address(labelled), /^http:\/\/old\.test\//);
    const [first] = open as [PredictionId];
    const task = loop.fake.records.tasks.get((await loop.task(first)).taskId);
    assert.deepEqual(Object.keys(task?.data ?? {}).sort(), ['image', 'prediction_id']);
  });

  it('never expire while a task waits, whenever it was pushed', async () => {
    const ids: PredictionId[] = [];
    for (let day = 0; day < 400; day += 20) {
      await renew();
      if (day < 200) ids.push(...(await loop.pushed(1)));
      for (const id of ids) assert.ok(await isLiving(id), `day ${day}`);
      loop.advance(20 * DAY);
      for (const id of ids) assert.ok(await isLiving(id), `day ${day + 20}, before the renewal`);
      const held = await loop.store.acquireLease('sync', 'test', loop.now(), DAY * 400);
      assert.ok(held !== null);
    }
  });

  it('one that does not open is said once, kept for the ops page, and taken back when it does', async () => {
    const answers: (string | null)[] = ['it answers 403', 'it answers 403', null];
    const opened: string[] = [];
    const check = createCheckPicture(
      {
        store: loop.store,
        clock,
        log,
        openPicture: (url) => {
          opened.push(url);
          return Promise.resolve(answers[Math.min(opened.length, 3) - 1] ?? null);
        },
      },
      (id) => links.urlFor(id, loop.now()),
    );
    logged.length = 0;
    await check(loop.fence);
    assert.equal(opened.length, 0, 'no task, nothing to open');
    await loop.pushed(1);
    await check(loop.fence);
    assert.match((await loop.store.finding('picture_check'))?.problem ?? '', /old\.test.*403/);
    await check(loop.fence);
    await check(loop.fence);
    await check(loop.fence);
    assert.equal(opened.length, 3, 'at every run while it does not open, then hourly');
    assert.equal((await loop.store.finding('picture_check'))?.problem, null);
    assert.deepEqual(
      logged.map((line) => line.split(' ')[0]),
      ['warn', 'info'],
    );
    loop.advance(DAY / 24);
    await check(loop.fence);
    assert.equal(opened.length, 4);
  });
});
