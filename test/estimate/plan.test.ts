import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import fc from 'fast-check';

import { readFacts } from '../../scripts/plan/read-facts.ts';
import {
  halfWidthOf,
  labelsNeeded,
  neymanAllocation,
  spreadOfAccuracy,
} from '../../src/estimate/plan.ts';
import { runScript } from '../support/run-script.ts';

/** Asks a service that tells these estimates. */
async function withService<Result>(
  estimates: readonly object[],
  ask: (url: string) => Promise<Result>,
): Promise<Result> {
  const server = createServer((_, response) => response.end(JSON.stringify({ estimates })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await ask(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const base = { accuracy: 0.82, halfWidth: 0.02, relativeVariance: 1, predictions: Infinity };

describe('the planner', () => {
  it('asks for 1418 random labels for plus or minus 2 points at 0.82, and for fewer with a correction', () => {
    assert.equal(labelsNeeded(base), 1418);
    assert.equal(labelsNeeded({ ...base, relativeVariance: 0.74 }), 1049);
  });

  it('reads the traffic of a day over the days that the service was there, at most a week', async () => {
    const row = (window: string, from: string, predictions: number) => ({
      ...{ model_version: 'v', accuracy: 0.7, to: '2026-11-22T10:00:00Z' },
      ...{ window, from, predictions },
    });
    const told = async (first: string): Promise<number | null | undefined> => {
      const estimates = [row('7d', '2026-11-15T10:00:00Z', 140), row('all', first, 900)];
      const facts = await withService(estimates, (url) => readFacts(url, undefined, undefined));
      return facts?.perDay;
    };
    assert.equal(await told('2026-11-20T10:00:00Z'), 70);
    assert.equal(await told('2026-11-22T09:00:00Z'), 140);
    assert.equal(await told('2026-01-01T00:00:00Z'), 20);
  });

  it('plans with caution where the service has seen no mistake yet, or nothing else', async function () {
    this.timeout(60_000);
    const [from, to] = ['2026-11-15T10:00:00Z', '2026-11-22T10:00:00Z'];
    for (const [accuracy, planned] of [
      [1, '96.0'],
      [0, '4.0'],
    ] as const) {
      const row = { model_version: 'v', window: '7d', predictions: 140, accuracy, from, to };
      const { code, stdout, stderr } = await withService([row], (url) =>
        runScript('plan.ts', ['--url', url]),
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^Accuracy about ${planned} %`));
    }
  });

  it('never asks for more than there are predictions', () => {
    assert.ok(labelsNeeded({ ...base, predictions: 1000 }) < 1000);
  });

  it('a plan turned round gives back its half width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2000, max: 100_000 }), (predictions) => {
        const labels = labelsNeeded({ ...base, predictions });
        const half = halfWidthOf({ ...base, labels, predictions });
        assert.ok(half <= 0.02 + 1e-9 && half > 0.0195);
      }),
    );
  });

  it("Neyman's allocation keeps its bounds and spends its labels", () => {
    const stratum = fc.record({
      size: fc.nat(2000),
      spread: fc.double({ min: 0, max: 1, noNaN: true }).map(spreadOfAccuracy),
    });
    fc.assert(
      fc.property(
        fc.array(stratum, { minLength: 1, maxLength: 6 }),
        fc.nat(800),
        (strata, labels) => {
          const allocation = neymanAllocation(strata, labels);
          const all = strata.reduce((sum, { size }) => sum + size, 0);
          const least = strata.reduce((sum, { size }) => sum + Math.min(5, size), 0);
          const total = allocation.reduce((sum, n) => sum + n, 0);
          allocation.forEach((n, h) => {
            const size = strata[h]?.size ?? 0;
            assert.ok(n <= size + 1e-9 && n >= Math.min(5, size) - 1e-9);
          });
          assert.ok(Math.abs(total - Math.min(all, Math.max(labels, least))) < 1e-6);
        },
      ),
    );
  });
});
