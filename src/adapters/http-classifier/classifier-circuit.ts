import { ClassifierUnavailable } from '../../domain/errors.ts';
import { type Circuit, type CircuitOptions, createCircuit } from '../circuit/create-circuit.ts';

/** When the circuit of a classifier opens, and what is said while it is open. */
export interface ClassifierCircuitOptions extends Pick<CircuitOptions, 'failuresMax' | 'openMs'> {
  readonly notAsked: string;
}

/** A refused image, and a classifier with too much to do, are answers of one in good health. */
export const createClassifierCircuit = ({
  failuresMax,
  openMs,
  notAsked,
}: ClassifierCircuitOptions): Circuit =>
  createCircuit({
    dependency: 'classifier',
    failuresMax,
    openMs,
    isFailure: (error) => error instanceof ClassifierUnavailable,
    notAsked: (cause) => new ClassifierUnavailable(notAsked, { cause }),
  });
