import { StoreUnusable } from '../../domain/errors.ts';
import type { Connection } from './connection.ts';
import { transact } from './transaction.ts';

/** The form of the records that this program writes; a change of form raises it and migrates what is older. */
const FORM = 1;

/** @throws StoreUnusable when a newer program wrote the records */
export const assertKnownForm = (connection: Connection): Promise<void> =>
  transact(connection, null, async (transaction) => {
    const key = connection.key('form');
    const found = await transaction.read(key);
    if (found === null) transaction.write(key, String(FORM));
    else if (Number(found) > FORM)
      throw new StoreUnusable(
        `The records in Redis at ${connection.place} were written by a newer program (form ${found}; this one knows up to ${FORM}). Start the newer program, or restore the backup made before the upgrade`,
      );
  });
