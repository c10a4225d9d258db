/** Where chance and unguessable names come from. */
export interface Random {
  /** A fresh id, unguessable, unique for ever. */
  id(): string;
  /** Uniform in [0, 1): jitter only; selection uses the permanent random number. */
  uniform(): number;
}
