import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';

import { BOARDS, boardText } from './boards.ts';

const FOLDER = new URL('../dashboards/', import.meta.url);
const isCheck = process.argv.includes('--check');

for (const [name, make] of Object.entries(BOARDS)) {
  const file = new URL(name, FOLDER);
  if (!isCheck) await writeFile(file, boardText(make));
  else if ((await readFile(file, 'utf8')) !== boardText(make)) {
    process.stderr.write(`grafana/dashboards/${name} is out of date: npm run dashboards\n`);
    process.exitCode = 1;
  }
}
