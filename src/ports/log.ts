/** JSON lines. `event` is a fixed phrase, fields carry the rest; never image bytes, tokens or people's names. */
export interface Log {
  /** A person must act now. */
  error(fields: object, event: string): void;
  /** Handled, will be retried. */
  warn(fields: object, event: string): void;
  /** Starts, stops, one line per run. */
  info(fields: object, event: string): void;
  /** Per item. */
  debug(fields: object, event: string): void;
}
