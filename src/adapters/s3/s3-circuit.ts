import { ObjectStoreUnavailable } from '../../domain/errors.ts';
import { type Circuit, createCircuit } from '../circuit/create-circuit.ts';

const FAILURES_MAX = 6;
const OPEN_MS = 2000;

/** Leaves a server in peace for two seconds that failed six times in a row: users hear at once that it is away. */
export const createS3Circuit = (): Circuit =>
  createCircuit({
    dependency: 'objects',
    failuresMax: FAILURES_MAX,
    openMs: OPEN_MS,
    isFailure: (error) => error instanceof ObjectStoreUnavailable,
    notAsked: (cause) =>
      new ObjectStoreUnavailable(
        'The S3 server was not asked: its last calls all failed. It is asked again by itself in a few seconds.',
        { cause },
      ),
  });
