import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { parse } from 'yaml';

import { COMPOSE_FOLDER, COMPOSE_TEXT, composeWith } from './compose-file.ts';

const root = path.resolve(COMPOSE_FOLDER, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const PAGES = ['compose/README.md', 'compose/kubernetes/README.md', 'docs/chameleon.md'];

describe('the pages about containers', () => {
  it('name only npm scripts and files that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const page of PAGES) {
      const text = read(page);
      for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
        assert.ok(script in scripts, `${page}: npm run ${script}`);
      }
      for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        assert.ok(existsSync(path.join(root, path.dirname(page), link)), `${page}: ${link}`);
      }
    }
  });

  it('name every profile, and only settings that compose.yaml reads', () => {
    const text = read('compose/README.md');
    const profiles = new Set(
      Object.values(composeWith().services).flatMap(({ profiles: own }) => own ?? []),
    );
    for (const profile of profiles) assert.ok(text.includes(`| \`${profile}\``), profile);
    const known = (name: string): boolean => new RegExp(`\\$\\{${name}\\b`).test(COMPOSE_TEXT);
    for (const [, name = ''] of text.matchAll(
      /\b((?:WEB|CLASSIFIER|SYNC|TLS|FOOD11|HOOKS|REDIS|PROMETHEUS|ALERTMANAGER|S3)_[A-Z0-9]+)\b/g,
    )) {
      assert.ok(known(name), name);
    }
  });

  it('say how much memory it takes as compose.yaml limits it', () => {
    const limits = Object.values(composeWith().services)
      .filter(({ profiles }) => profiles === undefined)
      .map(({ mem_limit: limit = '' }) => Number(limit.replace('m', '')));
    const gibibytes = limits.reduce((sum, limit) => sum + limit, 0) / 1024;
    assert.match(
      read('compose/README.md'),
      new RegExp(`at most ${gibibytes.toString().replace('.', '\\.')} GiB`),
    );
  });

  it('open the ports of the security group that the stack publishes, and no other', () => {
    const opened = [...read('docs/chameleon.md').matchAll(/--dst-port (\d+)/g)].map(
      ([, port]) => port,
    );
    assert.deepEqual(opened, ['22', '80', '443']);
  });

  it('edit the lines of cloud-init.yaml that are there', () => {
    const { write_files: files } = parse(read('compose/cloud-init.yaml')) as {
      write_files: { content: string }[];
    };
    const names = [...read('docs/chameleon.md').matchAll(/\^\\\( \*(\w+)=/g)].map(
      ([, name]) => name ?? '',
    );
    assert.deepEqual(names, ['REPOSITORY', 'DOMAIN', 'PUBLIC_ADDRESS']);
    for (const name of names) assert.match(files[0]?.content ?? '', new RegExp(`^${name}=`, 'm'));
  });
});
