import { createHmac } from 'node:crypto';

/** The number that decides whether a prediction becomes a task. */
export const SELECTION_PURPOSE = 'prn:v1:';
/** The second number, that decides which tasks of the random part get a second annotator. */
export const OVERLAP_PURPOSE = 'prn:overlap:v1:';

/** The third number, that decides which uploads the canary answers. */
export const CANARY_PURPOSE = 'prn:canary:v1:';

/**
 * The permanent random number of one prediction: the same for ever, uniform to whoever lacks the key.
 * @param key the deployment's sampling key, secret and never changed
 * @param id the prediction's id, made by the server
 * @param purpose keeps the numbers of different draws independent
 * @returns u in [0, 1), a multiple of 2^-53
 * @see Brewer, Early & Joyce (1972); Ohlsson (1995); docs/statistics.md, "Sampling"
 */
export function permanentRandomNumber(
  key: Buffer,
  id: string,
  purpose: string = SELECTION_PURPOSE,
): number {
  const digest = createHmac('sha256', key).update(purpose).update(id, 'utf8').digest();
  return Number(digest.readBigUInt64BE(0) >> 11n) / 2 ** 53;
}
