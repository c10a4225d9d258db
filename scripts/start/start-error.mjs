// @ts-check

/** Something that a person can put right: the message says what happened and what to do. Shown without a stack. */
export class StartError extends Error {
  /** @param {string} message what was expected, what came, what to do @param {{ cause?: unknown }} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = 'StartError';
  }
}
