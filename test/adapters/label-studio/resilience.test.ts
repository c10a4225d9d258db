import assert from 'node:assert/strict';

import {
  createLabelStudio,
  type LabelStudio,
  type LabelStudioOptions,
} from '../../../src/adapters/label-studio/create-label-studio.ts';
import { LabelingToolRefused, LabelingToolUnavailable } from '../../../src/domain/errors.ts';
import { predictionId } from '../../../src/domain/ids.ts';
import { type CountingMeter, createCountingMeter } from '../../fakes/counting-meter.ts';
import { type FakeLabelStudio, startFakeLabelStudio } from '../../fakes/label-studio.ts';

const ID = predictionId('one');
const DRAFT = { predictionId: ID, data: { image: 'http://127.0.0.1/one', prediction_id: ID } };

describe('Label Studio client, when things go wrong', function () {
  this.timeout(20_000);
  let fake: FakeLabelStudio;
  let meter: CountingMeter;
  let now: number;
  const opened: LabelStudio[] = [];

  beforeEach(async () => {
    fake = await startFakeLabelStudio();
    meter = createCountingMeter();
    now = Date.now();
  });
  afterEach(async () => {
    for (const tool of opened.splice(0)) tool.close();
    await fake.close();
  });

  const connect = (changes: Partial<LabelStudioOptions> = {}): LabelStudio => {
    const tool = createLabelStudio({
      baseUrl: fake.url,
      publicUrl: fake.url,
      token: fake.token,
      clock: { now: () => now },
      meter,
      random: { id: () => 'id', uniform: () => 0 },
      timeoutMs: 1000,
      ...changes,
    });
    opened.push(tool);
    return tool;
  };
  const project = (): number => fake.records.makeProject({ title: 'Project' }).id;
  const asked = (line: string): number => fake.requests.filter((one) => one === line).length;
  const calls = (operation: string, result: string): number =>
    meter.value('truthloop_dependency_requests_total', {
      dependency: 'label_studio',
      operation,
      result,
    });
  const circuit = (state: string): number =>
    meter.value('truthloop_circuit_state', { dependency: 'label_studio', state });

  describe('retries', () => {
    it('a safe call is tried again after a fault, a cut line and silence', async () => {
      const tool = connect({ timeoutMs: 300 });
      for (const as of [{ status: 502 }, 'refused', 'lost', 'silent'] as const) {
        fake.break({ at: 'GET /api/invite', as });
        await tool.inviteLink();
      }
      assert.equal(calls('read', 'failure'), 4);
      assert.equal(calls('read', 'success'), 4);
    });

    it('a call that makes something is never repeated', async () => {
      const projectId = project();
      const line = `POST /api/projects/${projectId}/import`;
      for (const as of [{ status: 503 }, 'refused', 'lost'] as const) {
        fake.break({ at: line, as });
        await assert.rejects(connect().createTasks(projectId, [DRAFT]), LabelingToolUnavailable);
      }
      assert.equal(asked(line), 3);
    });

    it('what was refused is not asked again', async () => {
      fake.break({ at: 'GET /api/invite', as: { status: 400 }, times: Infinity });
      await assert.rejects(connect().inviteLink(), LabelingToolRefused);
      assert.equal(asked('GET /api/invite'), 1);
    });

    it('Retry-After is waited for when it is short', async () => {
      const headers = { 'Retry-After': '0.2' };
      fake.break({ at: 'GET /api/invite', as: { status: 503, headers } });
      const startedAt = performance.now();
      await connect().inviteLink();
      assert.ok(performance.now() - startedAt >= 195);
    });

    it('a long Retry-After is left to the caller, in seconds or as a date', async () => {
      for (const [value, seconds] of [
        ['120', 120],
        [new Date(Math.ceil(now / 1000) * 1000 + 90_000).toUTCString(), 90],
      ] as const) {
        const headers = { 'Retry-After': value };
        fake.break({ at: 'GET /api/invite', as: { status: 429, headers } });
        await assert.rejects(connect().inviteLink(), (error) => {
          assert.ok(error instanceof LabelingToolUnavailable);
          assert.ok(Math.abs((error.retryAfterSeconds ?? 0) - seconds) <= 1);
          return true;
        });
      }
      assert.equal(asked('GET /api/invite'), 2);
    });

    it('retries stay a small part of the traffic while Label Studio stays weak', async () => {
      fake.break({ at: 'GET /api/invite', as: { status: 500 }, times: Infinity });
      const tool = connect({ resilience: { failuresMax: 1_000_000 } });
      for (let call = 0; call < 60; call += 1) await assert.rejects(tool.inviteLink());
      // Ten saved up, then one for ten calls.
      assert.ok(asked('GET /api/invite') <= 60 + 10 + 6, `${asked('GET /api/invite')} requests`);
    });
  });

  describe('the circuit', () => {
    it('opens after failures in a row, lets nothing through, and closes by itself', async () => {
      const resilience = { retriesMax: 0, failuresMax: 3, openMs: 100 };
      const tool = connect({ resilience });
      assert.equal(circuit('closed'), 1);
      fake.break({ at: 'GET /api/invite', as: { status: 500 }, times: 3 });
      for (let call = 0; call < 3; call += 1) await assert.rejects(tool.inviteLink());
      assert.deepEqual([circuit('closed'), circuit('open')], [0, 1]);
      await assert.rejects(tool.inviteLink(), /was not asked/);
      assert.equal(asked('GET /api/invite'), 3);
      const isClosed = async (): Promise<boolean> =>
        tool.inviteLink().then(
          () => true,
          () => false,
        );
      while (!(await isClosed())) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual([circuit('closed'), circuit('open')], [1, 0]);
    });

    it('refusals do not open it: Label Studio is well', async () => {
      const tool = connect({ resilience: { retriesMax: 0, failuresMax: 2 } });
      for (let call = 0; call < 5; call += 1)
        await assert.rejects(tool.findTasks(999, [ID]), LabelingToolRefused);
      assert.equal(circuit('closed'), 1);
    });
  });

  describe('the access token', () => {
    const renewals = (): number => asked('POST /api/token/refresh/');

    it('is fetched once and renewed ahead of its 300 seconds', async () => {
      const tool = connect({ token: fake.personalToken });
      await tool.inviteLink();
      now += 200_000;
      await tool.inviteLink();
      assert.equal(renewals(), 1);
      now += 45_000;
      await tool.inviteLink();
      assert.equal(renewals(), 2);
    });

    it('is shared by calls that come together', async () => {
      const tool = connect({ token: fake.personalToken });
      await Promise.all(Array.from({ length: 5 }, () => tool.inviteLink()));
      assert.equal(renewals(), 1);
    });

    it('that ended early is renewed once, also for a call that makes something', async () => {
      const projectId = project();
      const tool = connect({ token: fake.personalToken });
      await tool.inviteLink();
      fake.expireAccessTokens();
      assert.equal((await tool.createTasks(projectId, [DRAFT])).length, 1);
      assert.equal(renewals(), 2);
      assert.equal(fake.records.tasks.size, 1);
    });

    it('that is refused again after renewal is a refusal, not a loop', async () => {
      const tool = connect({ token: fake.personalToken });
      fake.break({ at: 'GET /api/invite', as: { status: 401 }, times: Infinity });
      await assert.rejects(tool.inviteLink(), LabelingToolRefused);
      assert.equal(asked('GET /api/invite'), 2);
    });

    it('a fault while renewing is a fault like any other', async () => {
      fake.break({ at: 'POST /api/token/refresh', as: { status: 503 } });
      await connect({ token: fake.personalToken }).inviteLink();
      assert.equal(renewals(), 2);
    });
  });

  describe('answers', () => {
    it('an error that looks like a good answer is an error', async () => {
      const text = JSON.stringify({ id: 7, task_ids: [1], detail: 'no' });
      fake.break({ at: 'POST /api/projects', as: { status: 400, text } });
      await assert.rejects(connect().createTasks(project(), [DRAFT]), LabelingToolRefused);
    });

    it('addresses of pictures do not get into messages, nor does a page of HTML', async () => {
      const detail = 'bad http://127.0.0.1/images/1?sig=secret here';
      const texts = [JSON.stringify({ detail }), '<html>http://secret</html>'];
      for (const text of texts) {
        fake.break({ at: 'GET /api/invite', as: { status: 400, text } });
        await assert.rejects(connect().inviteLink(), (error) => {
          assert.doesNotMatch((error as Error).message, /secret|html/);
          return true;
        });
      }
    });

    it('a good status with something else in it is no answer', async () => {
      for (const text of ['<html>log in</html>', '', '{}', '{"invite_url": 7}']) {
        fake.break({ at: 'GET /api/invite', as: { status: 200, text } });
        const tool = connect({ resilience: { retriesMax: 0 } });
        await assert.rejects(tool.inviteLink(), LabelingToolUnavailable);
      }
    });

    it('a redirect is not followed: its target is said', async () => {
      const headers = { Location: 'https://elsewhere.example.org/' };
      fake.break({ at: 'GET /api/invite', as: { status: 301, headers } });
      await assert.rejects(connect().inviteLink(), /elsewhere\.example\.org.*LABEL_STUDIO_URL/);
    });

    it('fewer tasks than were sent is no success', async () => {
      const text = JSON.stringify({ task_ids: [] });
      fake.break({ at: 'POST /api/projects', as: { status: 201, text } });
      await assert.rejects(connect().createTasks(project(), [DRAFT]), LabelingToolUnavailable);
    });

    it('a whole page of tasks of one instant hides nothing', async () => {
      const projectId = project();
      const ids = ['a', 'b', 'c', 'd', 'e'].map(predictionId);
      const tool = connect({ pageSize: 2 });
      await tool.createTasks(
        projectId,
        ids.map((id) => ({ predictionId: id, data: { image: 'x', prediction_id: id } })),
      );
      for (const task of fake.records.tasks.values())
        task.updated_at = '2026-01-01T00:00:00.000001Z';
      const met: (string | null)[] = [];
      for await (const page of tool.changedTasks(projectId, null))
        met.push(...page.map((task) => task.predictionId));
      assert.deepEqual(met.sort(), ids);
    });

    it('someone who is not there says so', async () => {
      await fake.close();
      const tool = connect({ resilience: { retriesMax: 0 } });
      await assert.rejects(tool.version(), /gave no answer \(ECONNREFUSED.*LABEL_STUDIO_URL/);
    });
  });
});
