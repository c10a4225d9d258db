import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { findImages } from '../../scripts/audit/find-images.ts';
import {
  type Log,
  type LogSummary,
  predictionsIn,
  summarise,
} from '../../scripts/audit/read-log.ts';
import { readTime } from '../../scripts/audit/read-row.ts';
import { UsageError } from '../../scripts/records/run-command.ts';

const NOW = Date.UTC(2026, 10, 26);
const PLAIN = 'image,predicted_class,confidence,model_version,time';

describe('a log of predictions', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-log-'));
    mkdirSync(path.join(folder, 'images/more'), { recursive: true });
    for (const name of ['a.jpg', 'b.PNG', 'more/c.webp', 'more/a.jpg', 'notes.txt'])
      writeFileSync(path.join(folder, 'images', name), '');
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const log = (text: string, changes: Partial<Log> = {}): Log => {
    const file = path.join(folder, 'log.csv');
    writeFileSync(file, text);
    return { file, named: {}, classes: null, version: null, time: null, ...changes };
  };
  const read = async (text: string, changes: Partial<Log> = {}): Promise<LogSummary> =>
    summarise(log(text, changes), await findImages(path.join(folder, 'images')), NOW);
  /** @returns what a person is told */
  const refusal = async (text: string, changes: Partial<Log> = {}): Promise<string> => {
    try {
      await read(text, changes);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      return error.message;
    }
    return assert.fail('it was taken');
  };

  it('is read whatever its columns are called among the usual names, in any order, with other columns between', async () => {
    const found = await read(
      '\uFEFFTimestamp;Model;user;Score;Predicted Label;File-Name\r\n' +
        '2026-11-25 10:00:00;m1;kim;0.75;cat;b.PNG\r\n1764000000;m2;lee;1;dog;a.jpg\r\n',
    );
    assert.deepEqual([found.rows, found.withImage], [2, 2]);
    assert.deepEqual(
      [found.versions, found.classes],
      [
        ['m1', 'm2'],
        ['cat', 'dog'],
      ],
    );
    assert.deepEqual([found.from, found.to], [1_764_000_000_000, Date.UTC(2026, 10, 25, 10)]);
    assert.equal(found.confidences[750], 1);
  });

  it('takes a class with a semicolon in it as one', async () => {
    const found = await read(`${PLAIN}\nb,cat;dog,0.5,m,0\n`);
    assert.deepEqual(found.classes, ['cat;dog']);
  });

  it('takes names of its own, and what is the same for all rows', async () => {
    const found = await read('pic,out,p\nb,cat,0.5\n"b",dog,0.25\n', {
      named: { image: 'pic', class: 'out', confidence: 'p' },
      ...{ version: 'm1', time: NOW - 1000 },
    });
    assert.deepEqual([found.rows, found.versions, found.to], [2, ['m1'], NOW - 1000]);
  });

  it('takes a column a class: the likeliest is the answer', async () => {
    const text = 'image,p_cat,p_dog,model,time\nb,0.3,0.7,m,2026-11-01\n';
    const found = await read(text);
    assert.deepEqual(found.classes, ['cat', 'dog']);
    for await (const { answer } of predictionsIn(log(text), NOW))
      assert.deepEqual(
        [answer.predictedClass, answer.confidence, answer.probabilities],
        ['dog', 0.7, { cat: 0.3, dog: 0.7 }],
      );
    const named = await read('image,Cat,dog,model,time\nb,0.3,0.7,m,2026-11-01\n', {
      classes: ['dog', 'cat'],
    });
    assert.deepEqual([named.rows, named.classes], [1, ['dog', 'cat']]);
  });

  it('says what was found and what is needed when columns lack', async () => {
    const told = await refusal('picture,colour\nb,red\n');
    assert.match(told, /lacks a column for the image .* and one for the predicted class and/);
    assert.match(told, /the model version \(or --model-version NAME/);
    assert.match(told, /Its columns: picture, colour\./);
    assert.match(told, /image +image, file, file_name/);
    assert.match(
      await refusal(`${PLAIN}\nb,cat,1,m,0\n`, { named: { time: 'when' } }),
      /--column time=when: the log has no such column, but image, predicted_class/,
    );
  });

  it('names every faulty row with its line, also after a cell of several lines and an empty line', async () => {
    const told = await refusal(
      [
        `${PLAIN},note`,
        'b,cat,0.9,m,2026-11-01,"two',
        'lines"',
        'b,cat,89,m,2026-11-01,',
        '',
        ',cat,0.9,m,2026-11-01,',
        'b,,0.9,m,2026-11-01,',
        'b,cat,0.9,,2026-11-01,',
        'b,cat,0.9,m,yesterday,',
        'b,cat,0.9,m,2027-01-01,',
        '',
      ].join('\n'),
    );
    assert.match(told, /6 of 7 rows can't be used; nothing was done/);
    assert.match(told, /line 4: confidence "89": expected a number from 0 to 1/);
    assert.match(told, /line 6: no image is named/);
    assert.match(told, /line 7: no predicted class is named/);
    assert.match(told, /line 8: model version: expected 1 to 200 characters/);
    assert.match(told, /line 9: time "yesterday": expected one that is past/);
    assert.match(told, /line 10: time "2027-01-01": expected one that is past/);
  });

  it('tells of the first twenty faulty rows, and how many there are', async () => {
    const rows = Array.from({ length: 50 }, () => 'b,cat,?,m,2026-11-01');
    const told = await refusal([PLAIN, ...rows].join('\n'));
    assert.equal(told.match(/^ {2}line /gm)?.length, 20);
    assert.match(told, /and 30 more/);
  });

  it('refuses a class that --classes does not name, probabilities that are none, broken CSV, and nothing', async () => {
    const other = await refusal(`${PLAIN}\nb,bird,0.9,m,2026-11-01\n`, { classes: ['cat', 'dog'] });
    assert.match(other, /line 2: "bird" is no class .*expected one of cat, dog/);
    const text = 'image,p_cat,p_dog,model,time\nb,0.3,0.3,m,2026-11-01\n';
    assert.match(await refusal(text), /line 2: The probabilities sum to 0.600: expected 1/);
    assert.match(await refusal(`${PLAIN}\nb,cat,0.9,m\n`), /can't be read as CSV: .*line 2/);
    assert.match(await refusal(PLAIN), /holds no prediction/);
    assert.match(await refusal('', {}), /holds no prediction/);
  });

  it('finds images by path, name, or name without its ending; an ambiguous name is none', async () => {
    const images = await findImages(path.join(folder, 'images'));
    const found = (name: string): string | null => {
      const file = images.find(name);
      return file === null ? null : path.relative(path.join(folder, 'images'), file);
    };
    assert.equal(images.count, 4);
    assert.equal(found('s3://bucket/2026/b.PNG'), 'b.PNG');
    assert.equal(found('b'), 'b.PNG');
    assert.equal(found('./more/a.jpg'), 'more/a.jpg');
    assert.equal(found('elsewhere/a'), null);
    assert.equal(found('../../etc/passwd'), null);
    assert.equal(found('notes.txt'), null);
    const { missing, withImage } = await read(`${PLAIN}\nb,cat,1,m,0\nz.jpg,dog,1,m,0\n`);
    assert.deepEqual([missing, withImage], [['z.jpg'], 1]);
    await assert.rejects(findImages(path.join(folder, 'nowhere')), UsageError);
  });

  it('reads times with and without a zone, and seconds or milliseconds since 1970', () => {
    const at = Date.UTC(2026, 10, 25, 13, 5);
    for (const text of ['2026-11-25T13:05:00Z', '2026-11-25 13:05', '2026-11-25T14:05+01:00'])
      assert.equal(readTime(text), at, text);
    for (const text of ['2026-11-25T14:05:00.000+0100', String(at / 1000), String(at)])
      assert.equal(readTime(text), at, text);
    assert.equal(readTime('2026-11-25'), Date.UTC(2026, 10, 25));
    for (const text of ['', '25.11.2026', '2026-13-01', '2026-11-25T25:00Z', 'now'])
      assert.equal(readTime(text), null, text);
  });
});
