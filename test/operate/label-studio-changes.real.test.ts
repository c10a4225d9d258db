import assert from 'node:assert/strict';
import path from 'node:path';

import { type People, peopleOf } from '../fakes/label-studio-people.ts';
import { gauges, type ListedTask, tasksIn } from '../faults/audit.ts';
import { converge, type Deployment, deploymentOf } from '../faults/deployment.ts';
import { History } from '../faults/history.ts';
import { Installation } from '../faults/installation.ts';
import type { LabelStudioServer } from '../servers/label-studio.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { type Outcome, runBuiltCommand } from './run-command.ts';

const REPORTS = 24;
const OPEN = 4;

describe('what people do to tasks and projects of the real Label Studio, and the built program beside it', function () {
  this.timeout(300_000);
  let labelStudio: LabelStudioServer;
  let people: People;
  let deployment: Deployment;

  before(async () => {
    labelStudio = await sharedLabelStudio();
    people = peopleOf(labelStudio.url, labelStudio.token);
    const installation = await Installation.prepare('changes', {
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      LABEL_BUDGET_PER_DAY: '100000',
      WINDOWS: 'all',
    });
    deployment = deploymentOf(installation, labelStudio, new History('changes'));
    await installation.start();
    await report(REPORTS);
    for (const { id } of (await tasks()).slice(OPEN)) await people.annotate(id, ['red']);
    await converge(deployment);
    assert.equal(await labels(), REPORTS - OPEN);
  });
  after(() => deployment.installation.remove());

  const tasks = (): Promise<readonly ListedTask[]> => tasksIn(deployment.place());
  const isLabelled = ({ annotations }: ListedTask): boolean => annotations.length > 0;
  const report = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await deployment.users.report();
    await converge(deployment);
  };
  const ops = (address: string, method = 'GET'): Promise<Response> =>
    fetch(address, { method, headers: { Authorization: `Bearer ${deployment.place().opsKey}` } });
  const labels = async (): Promise<number> => {
    const answer = await ops(`${deployment.place().webUrl}/api/accuracy?window=all`);
    const { estimates } = (await answer.json()) as { estimates: { labels: number }[] };
    return estimates[0]?.labels ?? 0;
  };
  const command = async (...args: readonly string[]): Promise<Outcome> => {
    const { folder, settings } = deployment.installation;
    const outcome = await runBuiltCommand(settings, folder, ...args);
    assert.equal(outcome.code, 0, outcome.stderr);
    return outcome;
  };
  const reconcile = async (...flags: readonly string[]): Promise<string> =>
    (await command('reconcile', '--url', deployment.place().syncUrl, ...flags)).stdout;

  /** The project with the most labelled tasks, and those. */
  const largest = async (): Promise<{ readonly id: number; readonly labelled: ListedTask[] }> => {
    const byProject = new Map<number, ListedTask[]>();
    for (const task of (await tasks()).filter(isLabelled)) {
      const { project } = await people.showTask(task.id);
      byProject.set(project, [...(byProject.get(project) ?? []), task]);
    }
    const [found] = [...byProject].sort(([, a], [, b]) => b.length - a.length);
    assert.ok(found !== undefined && found[1].length >= 6, 'too few labels in one project');
    return { id: found[0], labelled: found[1] };
  };

  it('a labelled task that is deleted singly counts no longer', async () => {
    const before = await labels();
    const { labelled } = await largest();
    await people.removeTask(labelled[0]?.id ?? 0);
    assert.match(await reconcile(), /Mended: deleted_task 1/);
    assert.equal(await labels(), before - 1);
  });

  it('over a fifth of the labelled tasks deleted at once: their labels count on until that is accepted', async () => {
    const before = await labels();
    const { labelled } = await largest();
    const gone = labelled.slice(0, Math.ceil(labelled.length / 3));
    for (const { id } of gone) await people.removeTask(id);
    assert.match(await reconcile(), new RegExp(`are gone, by project: \\w+ ${gone.length}\\.`));
    assert.equal(await labels(), before);
    assert.match(
      await reconcile('--accept-deletions'),
      new RegExp(`Mended: deleted_task ${gone.length}`),
    );
    assert.equal(await labels(), before - gone.length);
  });

  it('a project deleted: its labels count on until that is accepted, its open tasks are made again', async () => {
    const before = await labels();
    const { id, labelled } = await largest();
    const open = (await tasks()).filter((task) => !isLabelled(task));
    await people.removeProject(id);
    await reconcile();
    assert.match(await reconcile(), new RegExp(`by project: \\w+ ${labelled.length}\\.`));
    await converge(deployment);
    assert.equal(await labels(), before);
    const { total } = await gauges(
      deployment.place().syncUrl,
      'truthloop_reconcile_repairs_total',
      'kind="missing_project"',
    );
    assert.equal(total, 1);
    const idsOf = (some: readonly ListedTask[]): string[] =>
      some.map(({ data }) => data.prediction_id).sort();
    assert.deepEqual(idsOf((await tasks()).filter((task) => !isLabelled(task))), idsOf(open));
    assert.match(
      await reconcile('--accept-deletions'),
      new RegExp(`Mended: deleted_task ${labelled.length}`),
    );
    assert.equal(await labels(), before - labelled.length);
  });

  it('PUBLIC_URL changed: pictures of open tasks open under the new address, the labelled ones stay', async () => {
    await report(3);
    const [labelled] = (await tasks()).filter((task) => !isLabelled(task));
    await people.annotate(labelled?.id ?? 0, ['green']);
    await converge(deployment);
    const publicUrl = deployment.place().webUrl.replace('127.0.0.1', 'localhost');
    await deployment.installation.start({ PUBLIC_URL: publicUrl });
    await converge(deployment);
    const listed = await tasks();
    const imageOf = async ({ id }: ListedTask): Promise<string> =>
      String((await people.showTask(id)).data['image']);
    for (const task of listed.filter((one) => !isLabelled(one))) {
      const image = await imageOf(task);
      assert.ok(image.startsWith(`${publicUrl}/`), image);
      assert.equal((await fetch(image)).status, 200);
    }
    const kept = listed.filter(isLabelled);
    assert.ok(kept.length > 0 && kept.length < listed.length);
    for (const task of kept) assert.ok(!(await imageOf(task)).startsWith(publicUrl));
  });

  it('a prediction that is deleted takes its task along, labelled or not', async () => {
    const listed = await tasks();
    const doomed = [listed.find(isLabelled), listed.find((task) => !isLabelled(task))];
    for (const task of doomed) {
      const address = `${deployment.place().webUrl}/api/predictions/${task?.data.prediction_id ?? ''}`;
      assert.equal((await ops(address, 'DELETE')).status, 204);
    }
    await converge(deployment);
    const left = (await tasks()).map(({ id }) => id);
    assert.deepEqual(
      doomed.filter((task) => left.includes(task?.id ?? 0)),
      [],
    );
    assert.equal(left.length, listed.length - doomed.length);
  });

  it('the other commands of the built program: help, keys, redrive, a backup and its way back', async () => {
    const { webUrl, syncUrl } = deployment.place();
    for (const name of ['backup', 'keys', 'reconcile', 'redrive', 'restore'])
      assert.match((await command(name, '--help')).stdout, new RegExp(`^npm run .*${name}`));
    await command('keys', 'make', 'a-service', '--url', webUrl);
    assert.match((await command('keys', 'list', '--url', webUrl)).stdout, /a-service/);
    assert.match((await command('redrive', '--url', syncUrl)).stdout, /none was dead/);
    const { installation } = deployment;
    const folder = path.join(installation.folder, 'backup');
    await command('backup', folder);
    await installation.end();
    assert.match((await command('restore', folder, '--replace')).stdout, /^Restored the backup/);
    await installation.start();
    const [first] = await tasks();
    const there = await ops(`${webUrl}/api/predictions/${first?.data.prediction_id ?? ''}`);
    assert.equal(there.status, 200);
  });
});
