import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import {
  createLabelStudio,
  type LabelStudio,
  type LabelStudioOptions,
} from '../../src/adapters/label-studio/create-label-studio.ts';
import { projectSpec, readProjectFiles } from '../../src/adapters/label-studio/project-files.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { LabelingToolRefused } from '../../src/domain/errors.ts';
import { type PredictionId, predictionId } from '../../src/domain/ids.ts';
import type { ProjectSpec, RawTask } from '../../src/ports/labeling-tool.ts';
import { createCountingMeter } from '../fakes/counting-meter.ts';
import { type People, peopleOf } from '../fakes/label-studio-people.ts';

/** A Label Studio to hold against the contract; it lets webhooks to loopback through and refuses those to 10.0.0.0/8. */
export interface LabelStudioUnderTest {
  readonly url: string;
  readonly token: string;
  readonly personalToken: string;
}

const FILES = readProjectFiles('label-studio');
const draft = (id: PredictionId, more: Readonly<Record<string, string | number>> = {}) => ({
  predictionId: id,
  data: { image: `http://127.0.0.1/images/${id}`, prediction_id: id, ...more },
});
const freshIds = (count: number): PredictionId[] =>
  Array.from({ length: count }, () => predictionId(randomUUID()));
const isRefused =
  (status: number) =>
  (error: unknown): boolean =>
    error instanceof LabelingToolRefused && error.status === status;

/** What holds for a Label Studio and the client in front of it, fake or real. */
export function describeLabelingTool(
  name: string,
  open: () => Promise<LabelStudioUnderTest>,
): void {
  describe(`labelling tool: ${name}`, function () {
    this.timeout(60_000);
    let server: LabelStudioUnderTest;
    let tool: LabelStudio;
    let people: People;
    const tools: LabelStudio[] = [];

    const connect = (more: Partial<LabelStudioOptions> = {}): LabelStudio => {
      const made = createLabelStudio({
        baseUrl: server.url,
        publicUrl: 'https://labels.example.org',
        token: server.token,
        clock: systemClock,
        meter: createCountingMeter(),
        random: systemRandom,
        ...more,
      });
      tools.push(made);
      return made;
    };
    const freshSpec = (
      classes: readonly string[] = ['bread', 'soup'],
      examples: readonly { className: string; url: string }[] = [],
    ): ProjectSpec =>
      projectSpec(
        FILES,
        {
          ...{ prefix: 'Contract', deployment: randomUUID(), annotatorsPerTask: 1 },
          ...{ isRevealed: false, examples, isAudit: false },
        },
        'random',
        classes,
      );
    const freshProject = async (): Promise<number> =>
      (await tool.ensureProject(freshSpec(), null)).projectId;
    const readAll = async (
      projectId: number,
      since: number | null = null,
      from: LabelStudio = tool,
    ): Promise<RawTask[]> => {
      const all: RawTask[] = [];
      for await (const page of from.changedTasks(projectId, since)) all.push(...page);
      return all;
    };
    const onlyTask = async (projectId: number): Promise<RawTask> => {
      const [task] = await readAll(projectId);
      assert.ok(task !== undefined);
      return task;
    };

    before(async function () {
      this.timeout(300_000);
      server = await open();
      tool = connect();
      people = peopleOf(server.url, server.token);
    });
    after(() => {
      for (const one of tools) one.close();
    });

    describe('signing in', () => {
      it('works with a legacy token and with a personal access token', async () => {
        const withPersonal = connect({ token: server.personalToken });
        const projectId = await freshProject();
        const [id] = freshIds(1) as [PredictionId];
        await withPersonal.createTasks(projectId, [draft(id)]);
        assert.equal((await tool.findTasks(projectId, [id])).length, 1);
      });

      it('says what to check when the token is wrong, of either kind', async () => {
        for (const token of ['0'.repeat(40), `${server.personalToken}x`]) {
          const wrong = connect({ token });
          await assert.rejects(wrong.inviteLink(), (error) => {
            assert.ok(error instanceof LabelingToolRefused);
            assert.equal(error.status, 401);
            assert.match(error.message, /LABEL_STUDIO_TOKEN/);
            return true;
          });
        }
      });

      it('tells its version', async () => {
        assert.match(await tool.version(), /^1\.23\./);
      });

      it('gives the invite link under the address that annotators use', async () => {
        assert.match(
          await tool.inviteLink(),
          /^https:\/\/labels\.example\.org\/user\/signup\/\?token=/,
        );
      });
    });

    describe('projects', () => {
      it('a project is made blind, random, with instructions and a skip', async () => {
        const spec = freshSpec();
        const made = await tool.ensureProject(spec, null);
        assert.deepEqual(made.changes, ['created']);
        const shown = await people.showProject(made.projectId);
        assert.equal(shown.title, spec.title);
        assert.equal(shown.sampling, 'Uniform sampling');
        assert.equal(shown.show_collab_predictions, false);
        assert.equal(shown.show_instruction, true);
        assert.equal(shown.show_skip_button, true);
        assert.equal(shown.maximum_annotations, 1);
      });

      it('a project that is in step is left alone', async () => {
        const spec = freshSpec(['bread & "butter"', '<soup>', 'Käse']);
        const { projectId } = await tool.ensureProject(spec, null);
        assert.deepEqual(await tool.ensureProject(spec, projectId), { projectId, changes: [] });
      });

      it('example pictures in the instructions stay as they are written', async () => {
        const url = 'http://localhost:5000/examples/0123.jpg';
        const odd = ['Noodles/Pasta', '"Q" & <A>'];
        const spec = freshSpec(
          odd,
          odd.map((className) => ({ className, url })),
        );
        const { projectId } = await tool.ensureProject(spec, null);
        assert.deepEqual(await tool.ensureProject(spec, projectId), { projectId, changes: [] });
      });

      it('an instruction that Label Studio writes in its own way is in step, and one that was changed is not', async () => {
        const spec = { ...freshSpec(), instruction: '<P class="big">Look &<hr> choose</P><br/>' };
        const { projectId } = await tool.ensureProject(spec, null);
        assert.notEqual((await people.showProject(projectId)).expert_instruction, spec.instruction);
        assert.deepEqual(await tool.ensureProject(spec, projectId), { projectId, changes: [] });
        await people.changeProject(projectId, { expert_instruction: 'Do as you like' });
        const { changes } = await tool.ensureProject(spec, projectId);
        assert.deepEqual(changes, ['instruction']);
      });

      it('a project whose id was forgotten is found by its mark, renamed or not', async () => {
        const spec = freshSpec();
        const { projectId } = await tool.ensureProject(spec, null);
        assert.deepEqual(await tool.ensureProject(spec, null), { projectId, changes: ['found'] });
        await people.changeProject(projectId, { title: 'Renamed by somebody' });
        assert.deepEqual(await tool.ensureProject(spec, null), {
          projectId,
          changes: ['found', 'title'],
        });
        assert.equal((await people.showProject(projectId)).title, spec.title);
      });

      it('what somebody changed by hand is put back and named', async () => {
        const spec = freshSpec();
        const { projectId } = await tool.ensureProject(spec, null);
        await people.changeProject(projectId, {
          label_config: spec.labelConfig.replace('value="soup"', 'value="stew"'),
          expert_instruction: 'Do as you like',
          sampling: 'Sequential sampling',
        });
        const { changes } = await tool.ensureProject(spec, projectId);
        assert.deepEqual([...changes].sort(), ['instruction', 'labelConfig', 'settings']);
        const shown = await people.showProject(projectId);
        assert.equal(shown.label_config, spec.labelConfig);
        assert.equal(shown.sampling, 'Uniform sampling');
      });

      it('a class is added to a project that has labels already', async () => {
        const spec = freshSpec();
        const { projectId } = await tool.ensureProject(spec, null);
        const [id] = freshIds(1) as [PredictionId];
        const [task] = await tool.createTasks(projectId, [draft(id)]);
        assert.ok(task !== undefined);
        await people.annotate(task.taskId, ['bread']);
        const wider = { ...freshSpec(['bread', 'soup', 'fruit']), marker: spec.marker };
        const { changes } = await tool.ensureProject(
          { ...wider, description: spec.description },
          projectId,
        );
        assert.deepEqual(changes, ['labelConfig']);
      });

      it('a deleted project is made again', async () => {
        const spec = freshSpec();
        const { projectId } = await tool.ensureProject(spec, null);
        await people.removeProject(projectId);
        const again = await tool.ensureProject(spec, projectId);
        assert.deepEqual(again.changes, ['created']);
        assert.notEqual(again.projectId, projectId);
      });

      it('what has to be done before a project is made comes first, and only then', async () => {
        const spec = freshSpec();
        const failing = (): Promise<void> => Promise.reject(new Error('not yet'));
        await assert.rejects(tool.ensureProject(spec, null, failing), /not yet/);
        const { projectId, changes } = await tool.ensureProject(spec, null);
        assert.deepEqual(changes, ['created']);
        const again = await tool.ensureProject(spec, projectId, failing);
        assert.deepEqual(again, { projectId, changes: [] });
      });

      it('of a project made twice the empty double goes; one with tasks and a renamed copy stay', async () => {
        const spec = freshSpec();
        const { projectId } = await tool.ensureProject(spec, null);
        const copy = {
          ...{ title: spec.title, description: spec.description },
          label_config: spec.labelConfig,
        };
        const late = await people.makeProject(copy);
        const full = await people.makeProject(copy);
        await people.importTasks(full, [{ image: 'http://127.0.0.1/a', prediction_id: 'a' }]);
        const renamed = await people.makeProject({ ...copy, title: 'A copy of somebody' });
        assert.deepEqual(await tool.ensureProject(spec, projectId), {
          projectId,
          changes: ['doubles'],
        });
        await assert.rejects(people.showProject(late), /404/);
        assert.equal((await people.showProject(full)).title, spec.title);
        assert.equal((await people.showProject(renamed)).title, 'A copy of somebody');
        assert.deepEqual(await tool.ensureProject(spec, projectId), { projectId, changes: [] });
        assert.equal((await tool.ensureProject(spec, null)).projectId, full);
      });

      it("somebody else's project under the remembered id is left alone", async () => {
        const fields = { title: 'Not ours', description: 'other work', label_config: '<View/>' };
        const others = await people.makeProject(fields);
        const { projectId } = await tool.ensureProject(freshSpec(), others);
        assert.notEqual(projectId, others);
        assert.equal((await people.showProject(others)).title, 'Not ours');
      });

      it('a title that is too long is refused with the reason', async () => {
        const spec = { ...freshSpec(), title: 'x'.repeat(51) };
        await assert.rejects(tool.ensureProject(spec, null), (error) => {
          assert.ok(isRefused(400)(error));
          assert.match((error as Error).message, /title/);
          return true;
        });
      });
    });

    describe('tasks', () => {
      it('are made in the order given, with their data and nothing else', async () => {
        const projectId = await freshProject();
        const ids = freshIds(5);
        const made = await tool.createTasks(
          projectId,
          ids.map((id) => draft(id)),
        );
        assert.deepEqual(
          made.map((one) => one.predictionId),
          ids,
        );
        for (const { predictionId: id, taskId } of made)
          assert.deepEqual((await people.showTask(taskId)).data, draft(id).data);
      });

      it('an empty list makes nothing and is no error', async () => {
        assert.deepEqual(await tool.createTasks(await freshProject(), []), []);
      });

      it('the same tasks sent twice are there twice: look up before a repeat', async () => {
        const projectId = await freshProject();
        const [id, absent] = freshIds(2) as [PredictionId, PredictionId];
        await tool.createTasks(projectId, [draft(id)]);
        await tool.createTasks(projectId, [draft(id)]);
        const found = await tool.findTasks(projectId, [id, absent]);
        assert.deepEqual(
          found.map((one) => one.predictionId),
          [id, id],
        );
        assert.equal(new Set(found.map((one) => one.taskId)).size, 2);
      });

      it('are found among many, also by ids full of signs, and nothing but them', async () => {
        const projectId = await freshProject();
        const ids = [...freshIds(250), predictionId('a.c'), predictionId('(x|y)*[z]$\\^+?')];
        await tool.createTasks(
          projectId,
          [...ids, predictionId('abc'), predictionId('xx')].map((id) => draft(id)),
        );
        const found = await tool.findTasks(projectId, ids);
        assert.deepEqual(found.map((one) => one.predictionId).sort(), [...ids].sort());
      });

      it('one that lacks what the page shows spoils its batch, and nothing of the batch is made', async () => {
        const projectId = await freshProject();
        const [good, bad] = freshIds(2) as [PredictionId, PredictionId];
        const drafts = [draft(good), { predictionId: bad, data: { prediction_id: bad } }];
        await assert.rejects(tool.createTasks(projectId, drafts), isRefused(400));
        assert.deepEqual(await tool.findTasks(projectId, [good, bad]), []);
      });

      it('a project that is gone is refused as missing, by a page of HTML or by JSON', async () => {
        const projectId = await freshProject();
        await people.removeProject(projectId);
        const [id] = freshIds(1) as [PredictionId];
        await assert.rejects(tool.createTasks(projectId, [draft(id)]), isRefused(404));
        await assert.rejects(tool.findTasks(projectId, [id]), isRefused(404));
        await assert.rejects(readAll(projectId), isRefused(404));
      });

      it('get new data', async () => {
        const projectId = await freshProject();
        const [id] = freshIds(1) as [PredictionId];
        const [task] = await tool.createTasks(projectId, [draft(id)]);
        assert.ok(task !== undefined);
        const data = { image: 'http://127.0.0.1/images/renewed', prediction_id: id };
        await tool.updateTaskData(task.taskId, data);
        assert.deepEqual((await people.showTask(task.taskId)).data, data);
      });

      it('get another annotator, before the first answer and after it', async () => {
        const projectId = await freshProject();
        const [id] = freshIds(1) as [PredictionId];
        const [task] = await tool.createTasks(projectId, [draft(id)]);
        assert.ok(task !== undefined);
        await tool.askForAnnotators(task.taskId, 2, false);
        assert.equal((await people.showTask(task.taskId)).overlap, 2);
        await people.annotate(task.taskId, ['bread']);
        await tool.askForAnnotators(task.taskId, 3, true);
        const shown = await people.showTask(task.taskId);
        assert.equal(shown.overlap, 3);
        assert.equal(shown.is_labeled, false);
      });

      it('are deleted once and for all; a missing one is no error', async () => {
        const projectId = await freshProject();
        const [id] = freshIds(1) as [PredictionId];
        const [task] = await tool.createTasks(projectId, [draft(id)]);
        assert.ok(task !== undefined);
        await tool.deleteTask(task.taskId);
        await tool.deleteTask(task.taskId);
        assert.deepEqual(await tool.findTasks(projectId, [id]), []);
        await assert.rejects(tool.askForAnnotators(task.taskId, 2, false), isRefused(404));
      });
    });

    describe('changes', () => {
      const withTasks = async (
        count: number,
      ): Promise<{ projectId: number; ids: PredictionId[]; taskIds: number[] }> => {
        const projectId = await freshProject();
        const ids = freshIds(count);
        const made = await tool.createTasks(
          projectId,
          ids.map((id) => draft(id)),
        );
        return { projectId, ids, taskIds: made.map((one) => one.taskId) };
      };

      it('a project without tasks has none', async () => {
        assert.deepEqual(await readAll(await freshProject()), []);
      });

      it('every task is read once, oldest change first, whatever the page size', async () => {
        const { projectId, ids, taskIds } = await withTasks(7);
        await people.annotate(taskIds[2] as number, ['soup']);
        const [found] = await tool.findTasks(projectId, [ids[2] as PredictionId]);
        for (const pageSize of [1, 2, 3, 7, 100]) {
          const all = await readAll(projectId, null, connect({ pageSize }));
          assert.deepEqual(
            all.map((task) => task.predictionId),
            [...ids.filter((_, index) => index !== 2), ids[2]],
            `page size ${pageSize}`,
          );
          const times = all.map((task) => task.updatedAt);
          assert.equal(found?.updatedAt, times.at(-1), 'a look-up tells the same time');
          assert.deepEqual(
            times,
            [...times].sort((a, b) => a - b),
          );
        }
      });

      it('a task that changes while the pages are read is met again, and none is missed', async () => {
        const { projectId, ids, taskIds } = await withTasks(4);
        const met: RawTask[] = [];
        for await (const page of connect({ pageSize: 2 }).changedTasks(projectId, null)) {
          if (met.length === 0) await people.annotate(taskIds[0] as number, ['soup']);
          met.push(...page);
        }
        assert.deepEqual(new Set(met.map((task) => task.predictionId)), new Set(ids));
        assert.equal(met.at(-1)?.annotations.length, 1);
      });

      it('a poll reads just what changed since: created, edited, cancelled, deleted annotations', async () => {
        const { projectId, ids, taskIds } = await withTasks(3);
        const [first, second] = taskIds as [number, number];
        let since = (await readAll(projectId)).at(-1)?.updatedAt as number;
        const changed = async (): Promise<RawTask[]> => {
          const all = (await readAll(projectId, since)).filter((task) => task.updatedAt > since);
          since = all.at(-1)?.updatedAt ?? since;
          return all;
        };

        const annotationId = await people.annotate(first, ['bread'], 1);
        const [created] = await changed();
        assert.equal(created?.predictionId, ids[0]);
        const [annotation] = created?.annotations ?? [];
        assert.ok(annotation !== undefined);
        assert.deepEqual(chosen(annotation.result), ['bread']);
        assert.equal(annotation.annotator, '1');
        assert.equal(annotation.wasCancelled, false);

        await people.edit(annotationId, ['soup']);
        const [edited] = (await changed())[0]?.annotations ?? [];
        assert.ok(edited !== undefined);
        assert.equal(edited.annotationId, annotationId);
        assert.deepEqual(chosen(edited.result), ['soup']);
        assert.ok(edited.updatedAt > annotation.updatedAt);

        await people.cancel(annotationId);
        assert.equal((await changed())[0]?.annotations[0]?.wasCancelled, true);

        await people.skip(second);
        const [skipped] = await changed();
        assert.equal(skipped?.predictionId, ids[1]);
        assert.equal(skipped?.annotations[0]?.wasCancelled, true);

        await people.removeAnnotation(annotationId);
        const [bare] = await changed();
        assert.equal(bare?.predictionId, ids[0]);
        assert.deepEqual(bare?.annotations, []);
      });

      it('a change at the very instant of the watermark is read again', async () => {
        const { projectId, taskIds } = await withTasks(2);
        await people.annotate(taskIds[0] as number, ['bread']);
        const last = (await readAll(projectId)).at(-1);
        assert.ok(last !== undefined);
        const again = await readAll(projectId, last.updatedAt);
        assert.ok(again.some((task) => task.taskId === last.taskId));
      });

      it('nothing is validated on the way in: unknown class, two classes and none all arrive', async () => {
        const { projectId, taskIds } = await withTasks(1);
        for (const classes of [['no such class'], ['bread', 'soup'], []])
          await people.annotate(taskIds[0] as number, classes);
        const { annotations } = await onlyTask(projectId);
        assert.deepEqual(
          [...annotations]
            .sort((a, b) => a.annotationId - b.annotationId)
            .map(({ result }) => chosen(result)),
          [['no such class'], ['bread', 'soup'], undefined],
        );
      });

      it('a deleted task shows in no poll', async () => {
        const { projectId, ids, taskIds } = await withTasks(2);
        await people.removeTask(taskIds[0] as number);
        assert.deepEqual(
          (await readAll(projectId)).map((task) => task.predictionId),
          [ids[1]],
        );
      });

      it('a task that somebody imported without our id is told apart', async () => {
        const projectId = await freshProject();
        await people.importTasks(projectId, [{ image: 'http://127.0.0.1/by-hand' }]);
        assert.equal((await onlyTask(projectId)).predictionId, null);
      });
    });

    describe('webhooks', () => {
      const URL = 'http://127.0.0.1:9/webhooks/label-studio';

      it('is made once, however often it is asked for', async () => {
        const projectId = await freshProject();
        assert.equal(await tool.ensureWebhook(projectId, URL, 's3cret'), 'registered');
        assert.equal(await tool.ensureWebhook(projectId, URL, 's3cret'), 'registered');
        const hooks = await people.showWebhooks(projectId);
        assert.equal(hooks.length, 1);
        assert.equal(hooks[0]?.headers['Authorization'], 'Bearer s3cret');
      });

      it('follows a new secret and a new address without leaving the old one behind', async () => {
        const projectId = await freshProject();
        await tool.ensureWebhook(projectId, URL, 'old');
        await tool.ensureWebhook(projectId, URL, 'new');
        await tool.ensureWebhook(projectId, `${URL}/moved`, 'new');
        const hooks = await people.showWebhooks(projectId);
        assert.deepEqual(
          hooks.map((hook) => [hook.url, hook.headers['Authorization']]),
          [[`${URL}/moved`, 'Bearer new']],
        );
      });

      it('an address in a reserved network is refused, which is an answer and no error', async () => {
        const projectId = await freshProject();
        assert.equal(await tool.ensureWebhook(projectId, 'http://10.1.2.3/x', 's'), 'refused');
      });
    });
  });
}

/** The classes that a result names; undefined when it is empty. */
const chosen = (result: unknown): readonly string[] | undefined =>
  (result as readonly { value: { choices: string[] } }[])[0]?.value.choices;
