import type { Batch } from '../domain/selection.ts';

/** Decisions that a store commits at once: some hundredths of a second, after which others have their turn. */
export const DECISIONS_MAX = 1000;

/**
 * The parts in which a batch is stored, each a batch with an id of its own and all that the whole was decided by. A process
 * that dies between two leaves the rest to the next batch.
 */
export function* splitBatch(batch: Batch): Generator<Batch> {
  const { id, decisions } = batch;
  if (decisions.length <= DECISIONS_MAX) yield batch;
  else
    for (let start = 0; start < decisions.length; start += DECISIONS_MAX)
      yield named(`${id}-${1 + start / DECISIONS_MAX}`, {
        ...batch,
        decisions: decisions.slice(start, start + DECISIONS_MAX),
      });
}

const named = (id: string, batch: Batch): Batch => ({
  ...batch,
  id,
  decisions: batch.decisions.map((item) => ({
    ...item,
    decision: { ...item.decision, batchId: id },
  })),
});
