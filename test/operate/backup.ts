import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { checkBackup, closeBackup } from '../../src/operate/backup-folder.ts';
import { type ReportingService, startReportingService } from './reporting-service.ts';
import { type Outcome, runCommand } from './run-command.ts';

type Settings = Readonly<Record<string, string>>;

/** Where records are kept, and an empty place of the same kind. */
export interface Places {
  readonly settings: Settings;
  /** Over `settings`: leads to a place where nothing is. */
  readonly empty: () => Promise<Settings>;
}

/** What a restore says that would replace the records of a running service. */
const SEEN_RUNNING = /Another process uses|Truthloop runs on these records \(connected from 127/;

/** Files of secrets, those moved aside included. @returns name -> text */
const secretsIn = (dataDir: string): ReadonlyMap<string, string> =>
  new Map(
    (existsSync(dataDir) ? readdirSync(dataDir) : [])
      .filter((file) => file.startsWith('secrets.env'))
      .map((file) => [file, readFileSync(path.join(dataDir, file), 'utf8')]),
  );

/** @param keepsAside what is replaced is moved aside, not deleted */
export function describeBackup(
  name: string,
  openPlaces: () => Promise<Places>,
  keepsAside: boolean,
): void {
  describe(`backup and restore: ${name}`, function () {
    this.timeout(240_000);
    let service: ReportingService;
    let places: Places;
    let folder: string;
    /** Acknowledged before the backup began, and while it was made. */
    const ids: string[] = [];
    let labelled = 0;

    before(async () => {
      places = await openPlaces();
      service = await startReportingService(places.settings);
      folder = path.join(service.folder, 'backup');
    });
    after(() => service.close());

    const restore = (settings: Settings, ...args: string[]): Promise<Outcome> =>
      runCommand({ ...service.env, ...settings }, service.folder, 'restore', ...args);
    const isThere = async (id: string): Promise<boolean> =>
      (await service.ops(`${service.product.webUrl}/api/predictions/${id}`)).status === 200;

    it('is made while the service takes predictions, and says how it went', async () => {
      const first = await service.report(30);
      ids.push(...first);
      await service.product.sync();
      for (const id of first.slice(0, 6))
        await service.people.annotate(service.taskOf(id), ['cat']);
      await service.product.sync();
      labelled = await service.labels();
      assert.equal(labelled, 6);
      const traffic = { isOver: false };
      const reported = (async () => {
        while (!traffic.isOver) ids.push(...(await service.report(1)));
      })();
      const made = await service.command('backup', folder);
      traffic.isOver = true;
      await reported;
      assert.equal(made.code, 0, made.stderr);
      assert.match(made.stdout, /records, \d+ images and secrets\.env as of 20/);
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.equal(statSync(path.join(folder, 'secrets.env')).mode & 0o777, 0o600);
      execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: folder });
    });

    it('never goes into a folder that holds something', async () => {
      const again = await service.command('backup', folder);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /is not empty/);
    });

    it('is not brought back over records that are there, nor with another sampling key', async () => {
      const over = await restore({}, folder);
      assert.equal(over.code, 1);
      assert.match(over.stderr, /already.*--replace/s);
      const other = await restore(
        { ...(await places.empty()), SAMPLING_KEY: 'another-key-of-sixteen-letters' },
        folder,
      );
      assert.equal(other.code, 1);
      assert.match(other.stderr, /another SAMPLING_KEY/);
    });

    it('damaged, incomplete or none, it is named and nothing is restored', async () => {
      const damaged = path.join(service.folder, 'damaged');
      execFileSync('cp', ['-r', folder, damaged]);
      appendFileSync(path.join(damaged, 'secrets.env'), 'X=1\n');
      const target = await places.empty();
      const found = await restore(target, damaged);
      assert.equal(found.code, 1);
      assert.match(found.stderr, /damaged: secrets\.env changed or went missing/);
      assert.ok(!existsSync(path.join(target['DATA_DIR'] ?? '', 'secrets.env')));
      mkdirSync(path.join(service.folder, 'none'));
      assert.match(
        (await restore(target, path.join(service.folder, 'none'))).stderr,
        /no complete/,
      );
      assert.equal((await restore(target)).code, 2);
    });

    it('made before the program had a further secret, its own secrets are brought back', async () => {
      const older = path.join(service.folder, 'older');
      execFileSync('cp', ['-r', folder, older]);
      const secrets = path.join(older, 'secrets.env');
      const kept = readFileSync(secrets, 'utf8').replace(/^RETRAIN_WEBHOOK_SECRET=.*\n/m, '');
      writeFileSync(secrets, kept);
      const about = await checkBackup(folder);
      for (const name of ['SHA256SUMS', 'backup.json']) rmSync(path.join(older, name));
      await closeBackup(older, about);
      const target = await places.empty();
      const restored = await restore(target, older);
      assert.equal(restored.code, 0, restored.stderr);
      const back = readFileSync(path.join(target['DATA_DIR'] ?? '', 'secrets.env'), 'utf8');
      assert.equal(back, kept);
    });

    it('in an empty place, everything that was acknowledged before is there: records, images, labels, sums', async () => {
      const acknowledged = ids.slice(0, 30);
      const target = await places.empty();
      await service.product.stop();
      const restored = await restore(target, folder);
      assert.equal(restored.code, 0, restored.stderr);
      await service.start(target);
      for (const id of acknowledged) assert.ok(await isThere(id), `${id} is lost`);
      const found = [];
      for (const id of ids) if (await isThere(id)) found.push(id);
      const run = await service.product.sync();
      assert.equal(run['result'], 'success', String(run['error']));
      const answer = await service.ops(`${service.product.webUrl}/api/accuracy?window=all`);
      const { estimates } = (await answer.json()) as {
        estimates: { labels: number; predictions: number }[];
      };
      assert.equal(estimates[0]?.labels, labelled);
      assert.equal(estimates[0].predictions, found.length, 'counted as often as recorded');
      for (const id of [found[10] ?? '', found.at(-1) ?? '']) {
        const task = service.labelStudio.records.tasks.get(service.taskOf(id));
        const picture = await fetch(String(task?.data['image']));
        assert.equal(picture.status, 200, `the picture of ${id}`);
      }
      const tasks = [...service.labelStudio.records.tasks.values()].map(
        ({ data }) => data['prediction_id'],
      );
      assert.equal(new Set(tasks).size, tasks.length, 'one task each');
    });

    it('while the service runs, --replace is refused; stopped, what was there makes room', async () => {
      await service.product.stop();
      await service.start();
      const secrets = path.join(service.dataDir, 'secrets.env');
      if (existsSync(secrets)) appendFileSync(secrets, 'SAMPLING_KEY=another-key-of-16-letters\n');
      const before = secretsIn(service.dataDir);
      const running = await restore({}, folder, '--replace');
      assert.equal(running.code, 1);
      assert.match(running.stderr, SEEN_RUNNING);
      assert.ok(await isThere(ids.at(-1) ?? ''), 'nothing was replaced');
      assert.deepEqual(secretsIn(service.dataDir), before, 'no secret was replaced');
      await service.product.stop();
      const replaced = await restore({}, folder, '--replace');
      assert.equal(replaced.code, 0, replaced.stderr);
      assert.equal(
        readdirSync(service.dataDir).some((file) => file.startsWith('truthloop.sqlite.replaced-')),
        keepsAside,
        'files are kept aside',
      );
      await service.start();
      assert.ok(await isThere(ids[0] ?? ''));
    });
  });
}
