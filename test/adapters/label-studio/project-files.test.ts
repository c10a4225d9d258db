import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { projectSpec, readProjectFiles } from '../../../src/adapters/label-studio/project-files.ts';
import { ConfigInvalid } from '../../../src/domain/errors.ts';
import { NONE_OF_THESE } from '../../../src/domain/prediction.ts';
import { PROJECT_KINDS } from '../../../src/domain/selection.ts';

const FOLDER = 'label-studio';
const FILES = readProjectFiles(FOLDER);
const SETTINGS = {
  prefix: 'Food11',
  deployment: 'abcd1234',
  annotatorsPerTask: 1,
  isRevealed: false,
  examples: [] as { className: string; url: string }[],
  isAudit: false,
};
const spec = (
  classes: readonly string[],
  kind: (typeof PROJECT_KINDS)[number] = 'random',
  changes: Partial<typeof SETTINGS> = {},
) => projectSpec(FILES, { ...SETTINGS, ...changes }, kind, classes);
const choices = (config: string): { name: string; hotkey: string | undefined }[] =>
  [...config.matchAll(/<Choice value="([^"]*)"(?: hotkey="(.)")?\/>/g)].map(([, name, hotkey]) => ({
    name: name as string,
    hotkey,
  }));
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `class ${i}`);

describe('project files', () => {
  it('the three projects are named after the prefix, within what Label Studio takes', () => {
    assert.deepEqual(
      PROJECT_KINDS.map((kind) => spec(['a'], kind).title),
      ['Food11 Random Sample', 'Food11 Low Confidence', 'Food11 Disputed'],
    );
    for (const kind of PROJECT_KINDS)
      assert.ok(spec(['a'], kind, { prefix: 'x'.repeat(35) }).title.length <= 50);
  });

  it('each has a mark of its own in its description, which says "Random Sample first"', () => {
    const markers = new Set<string>();
    for (const kind of PROJECT_KINDS) {
      const { marker, description } = spec(['a'], kind);
      markers.add(marker);
      assert.ok(description.endsWith(marker));
      assert.match(description, /Random Sample first/);
    }
    assert.equal(markers.size, 3);
  });

  it('each class is a choice of exactly its name, and "None of these" is the last', () => {
    const odd = ['Dairy product', 'Vegetable/Fruit', '"Q" & <A>', '$image', 'Käse'];
    const found = choices(spec(odd).labelConfig).map(({ name }) => name);
    assert.deepEqual(found, [
      'Dairy product',
      'Vegetable/Fruit',
      '&quot;Q&quot; &amp; &lt;A&gt;',
      '$image',
      'Käse',
      NONE_OF_THESE,
    ]);
  });

  it("every choice has a key of its own, beyond ten classes too, none of Label Studio's", () => {
    const keys = choices(spec(names(20)).labelConfig).map(({ hotkey }) => hotkey);
    assert.ok(keys.every((key) => key !== undefined));
    assert.equal(new Set(keys).size, 21);
    for (const taken of 'hoemkwprvbuiz[]') assert.ok(!keys.includes(taken), taken);
    assert.deepEqual(keys.slice(0, 11).join(''), '1234567890q');
    assert.equal(keys.at(-1), 'n');
  });

  it('more classes than keys are still choices', () => {
    assert.equal(choices(spec(names(60)).labelConfig).length, 61);
  });

  it('the picture can be enlarged, one answer is asked for', () => {
    const { labelConfig } = spec(['a']);
    assert.match(labelConfig, /<Image name="image" value="\$image"[^>]* zoom="true"/);
    assert.match(labelConfig, /<Choices name="label" toName="image" choice="single"/);
  });

  it("the model's answer is shown in the hard projects only, and only when asked for", () => {
    const shows = (kind: (typeof PROJECT_KINDS)[number], isRevealed: boolean): boolean =>
      /predicted_class|confidence/.test(spec(['a'], kind, { isRevealed }).labelConfig);
    assert.deepEqual(
      PROJECT_KINDS.map((kind) => shows(kind, false)),
      [false, false, false],
    );
    assert.deepEqual(
      PROJECT_KINDS.map((kind) => shows(kind, true)),
      [false, true, true],
    );
  });

  it('the instructions show a picture of each class that has one, and no heading where there are none', () => {
    const url = 'http://localhost:5000/examples/0123.jpg';
    const { instruction } = spec(['Noodles/Pasta', 'a'], 'random', {
      examples: [{ className: 'Noodles/Pasta', url }],
    });
    assert.match(instruction, /<b>Noodles\/Pasta<\/b><br><img src="[^"]+0123\.jpg" alt="Noodles/);
    assert.ok(!spec(['a']).instruction.includes('look like'));
  });

  it("the instructions are written as Label Studio's sanitizer writes them", () => {
    assert.doesNotMatch(spec(['a']).instruction, /\/>/);
  });

  it('nothing is left to be filled in', () => {
    for (const kind of PROJECT_KINDS)
      assert.doesNotMatch(JSON.stringify(spec(['a'], kind, { isRevealed: true })), /\{\{|\}\}/);
  });

  it("an audit's project is named after the audit and speaks of no other project", () => {
    const audit = spec(['a'], 'random', { isAudit: true, prefix: 'yesterday' });
    assert.equal(audit.title, 'yesterday Audit');
    assert.doesNotMatch(JSON.stringify(audit), /Random Sample|Disputed/);
  });

  it('a file that is missing or broken is named', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-projects-'));
    try {
      assert.throws(() => readProjectFiles(folder), /label-config\.xml can't be read/);
      cpSync(FOLDER, folder, { recursive: true });
      writeFileSync(path.join(folder, 'projects.json'), '{"random": 1');
      assert.throws(() => readProjectFiles(folder), ConfigInvalid);
      cpSync(FOLDER, folder, { recursive: true });
      writeFileSync(path.join(folder, 'label-config.xml'), '<View/>');
      assert.throws(() => readProjectFiles(folder), /label-config\.xml .* lacks name="image"/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
