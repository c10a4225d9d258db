import { createHmac } from 'node:crypto';

import { predictionId } from '../../src/domain/ids.ts';
import {
  permanentRandomNumber,
  SELECTION_PURPOSE,
} from '../../src/select/permanent-random-number.ts';
import { expectedTasks, shareRates } from '../../src/select/policy.ts';
import { selectBatch } from '../../src/select/select-batch.ts';
import { check } from './golden-case.ts';

export const prnHash = check(({ keyHex, id }: { keyHex: string; id: string }) => {
  const key = Buffer.from(keyHex, 'hex');
  const u = permanentRandomNumber(key, id);
  return {
    hmacHex: createHmac('sha256', key)
      .update(SELECTION_PURPOSE + id, 'utf8')
      .digest('hex'),
    int53: String(BigInt(u * 2 ** 53)),
    u,
  };
});

interface PolicyInputs {
  readonly budgetLeft: number;
  readonly forecast: { plain: number; low: number; disputed: number; both: number };
  readonly shareRandom: number;
  readonly shareLowConfidence: number;
  readonly shareDisputed: number;
}

export const policyRates = check((inputs: PolicyInputs) => {
  const { plain, low, disputed, both } = inputs.forecast;
  const restOfDay = [plain, low, disputed, both] as const;
  const rates = shareRates(
    {
      random: inputs.shareRandom,
      lowConfidence: inputs.shareLowConfidence,
      disputed: inputs.shareDisputed,
    },
    inputs.budgetLeft,
    restOfDay,
  );
  return {
    random: rates.random,
    low_confidence: rates.lowConfidence,
    disputed: rates.disputed,
    spare: rates.spare,
    expectedTasks: expectedTasks(rates, restOfDay),
  };
});

interface BatchInputs {
  readonly u: readonly number[];
  readonly r: readonly number[];
  readonly pRandom: readonly number[];
  readonly budgetLeft: number;
  readonly floor: number;
}

export const capFloor = check(({ u, r, pRandom, budgetLeft, floor }: BatchInputs) => {
  const batch = selectBatch({
    id: 'batch',
    decidedAt: 0,
    budgetLeft,
    floor,
    numberOf: (id) => u[Number(id)] ?? 0,
    candidates: r.map((rate, i) => ({
      predictionId: predictionId(String(i)),
      rates: { random: pRandom[i] ?? 0, lowConfidence: 0, disputed: 0, spare: rate },
      isLowConfidence: false,
      disputedBy: null,
      earlier: null,
    })),
  });
  const decisions = batch.decisions.map(({ decision }) => decision);
  return {
    tau: batch.tau,
    taken: decisions.map(({ isSelected }) => isSelected),
    pi: decisions.map(({ pi }) => pi),
    q: decisions.map(({ q }) => q),
  };
});
