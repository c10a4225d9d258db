import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { DatabaseSync } from '@photostructure/sqlite';

import { peopleOf } from '../fakes/label-studio-people.ts';
import { temporaryFolder } from '../servers/server.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';

describe("the line for Label Studio's own database in docs/operations.md", function () {
  this.timeout(300_000);

  it('copies it whole while the real server runs, with what was just written', async () => {
    const server = await sharedLabelStudio();
    const people = peopleOf(server.url, server.token);
    const config = '<View><Text name="t" value="$text"/></View>';
    const project = await people.makeProject({ title: 'To be copied', label_config: config });
    const [task] = await people.importTasks(project, [{ text: 'x' }]);
    const folder = temporaryFolder('label-studio-copy');
    const copy = path.join(folder, 'copy.sqlite3');
    const database = path.join(path.dirname(server.process.logFile), 'label_studio.sqlite3');
    const page = readFileSync('docs/operations.md', 'utf8');
    const [line = ''] = /python3 -c "import sqlite3[^`]*/.exec(page) ?? [];
    const command = line
      .replace('data/label-studio/label_studio.sqlite3', database)
      .replace('/backups/label_studio.sqlite3', copy);
    assert.ok(command.includes(database) && command.includes(copy));
    execFileSync('sh', ['-c', command]);
    const opened = new DatabaseSync(copy, { readOnly: true });
    assert.deepEqual(
      { ...opened.prepare('PRAGMA integrity_check').get() },
      { integrity_check: 'ok' },
    );
    const found: unknown = opened
      .prepare('SELECT project_id AS project FROM task WHERE id = ?')
      .get(task ?? 0);
    assert.equal((found as { project: number } | undefined)?.project, project);
    opened.close();
    rmSync(folder, { recursive: true });
    await people.removeProject(project);
  });
});
