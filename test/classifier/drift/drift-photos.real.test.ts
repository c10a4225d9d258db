import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { compareSamples } from '../../../src/classifier/drift/compare-samples.ts';
import { readDriftReference } from '../../../src/classifier/drift/drift-reference.ts';
import type { DriftRow } from '../../../src/classifier/drift/drift-sample.ts';
import { DEMO_MODEL, demoModel } from '../../servers/demo-model.ts';
import { SHARED_DIR } from '../../servers/fastapi-peer.ts';
import { temporaryFolder } from '../../servers/server.ts';

const WINDOWS = 40;
const ALARMS_MAX = 2;

describe('drift on photos', function () {
  this.timeout(600_000);
  let classes: readonly string[];
  let folder: string;
  /** Photographs. */
  let taken: readonly DriftRow[];
  /** Pictures that a program generated. */
  let drawn: readonly DriftRow[];
  before(async () => {
    const model = await demoModel();
    classes = model.classes;
    folder = temporaryFolder('drift');
    const rowsOf = async (photos: string): Promise<readonly DriftRow[]> => {
      const out = join(folder, `${photos}.json`);
      const { status, stderr } = spawnSync(
        process.execPath,
        [
          ...['--import', 'tsx', 'scripts/drift-reference.ts', '--out', out],
          ...['--photos', join(SHARED_DIR, 'photos', photos)],
        ],
        {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], DATA_DIR: folder, MODEL_DIR: DEMO_MODEL },
        },
      );
      assert.equal(status, 0, stderr);
      return (await readDriftReference(out, model.version))?.rows ?? [];
    };
    taken = await rowsOf('food11');
    drawn = await rowsOf('ai_images');
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Reproducible draws. */
  const draws = (seed: number) => {
    let state = seed;
    return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  };

  /** Windows in which one half of the photos is compared with the other. */
  const alarmsAmong = (rows: readonly DriftRow[]): number =>
    Array.from({ length: WINDOWS }, (_, window) => {
      const uniform = draws(window + 1);
      const mixed = rows
        .map((row) => ({ row, at: uniform() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ row }) => row);
      const half = Math.floor(rows.length / 2);
      return compareSamples(mixed.slice(0, half), mixed.slice(half), classes, uniform);
    }).filter(({ hasDrift }) => hasDrift).length;

  for (const [name, rows] of [
    ['photographs', () => taken],
    ['generated pictures', () => drawn],
  ] as const)
    it(`stays quiet on at least 38 of 40 windows of ${name} like those of the reference`, () => {
      const alarms = alarmsAmong(rows());
      assert.ok(alarms <= ALARMS_MAX, `${alarms} of ${WINDOWS}`);
    });

  it('fires when generated pictures come where photographs were expected, and the other way round', () => {
    for (const [reference, window] of [
      [taken, drawn],
      [drawn, taken],
    ] as const) {
      const { signals, hasDrift } = compareSamples(reference, window, classes, draws(7));
      assert.equal(hasDrift, true, JSON.stringify(signals));
      // Seventeen photos are few for 1280 dimensions: the embedding adds to the evidence, the confidence carries it.
      assert.ok((signals.find(({ signal }) => signal === 'embedding')?.p ?? 1) < 0.05);
    }
  });
});
