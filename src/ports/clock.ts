/** Where time comes from. Rules and arithmetic get its values, never the clock itself. */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
}
