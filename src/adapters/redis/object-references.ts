import type { ObjectKey } from '../../domain/ids.ts';
import type { Connection } from './connection.ts';
import type { PredictionDocument } from './documents.ts';
import type { Transaction } from './transaction.ts';

/** Counts the predictions that have an object. */
export const objectKeyOf = (connection: Connection, key: ObjectKey): string =>
  connection.key('object', key);

/** Leads from a reporting service's own id to the prediction. */
export const externalKey = (connection: Connection, externalId: string): string =>
  connection.key('external', externalId);

/**
 * A prediction lets go of its object and its external id.
 * @returns the object's key when nobody else has it
 */
export async function releaseObject(
  connection: Connection,
  transaction: Transaction,
  { prediction, isErased }: PredictionDocument,
): Promise<ObjectKey[]> {
  if (isErased) return [];
  const { externalId, objectKey } = prediction;
  if (externalId !== null) transaction.write(externalKey(connection, externalId), null);
  const key = objectKeyOf(connection, objectKey);
  const references = Number((await transaction.read(key)) ?? 0) - 1;
  if (references > 0) transaction.command('DECR', key);
  else transaction.write(key, null);
  return references > 0 ? [] : [objectKey];
}
