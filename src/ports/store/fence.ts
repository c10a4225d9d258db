/** Proof of holding a lease: grows with every change of hands. */
export interface Fence {
  readonly lease: string;
  readonly token: number;
}
