// @ts-check
// What the person who waits gets to see.

const because = (/** @type {string} */ why) => (why === '' ? '' : ` (${why})`);

/**
 * @param {{ write(text: string): unknown, isTTY?: boolean }} stream
 * @param {() => number} [now] milliseconds
 */
export function openReport(stream, now = Date.now) {
  const isTerminal = stream.isTTY === true;
  return {
    /** @param {string} text */
    say: (text) => void stream.write(`${text}\n`),
    /**
     * Runs one step and shows that it is under way: seconds on the same line in a terminal, a line each ten elsewhere.
     * @template T
     * @param {string} title
     * @param {() => Promise<T>} work
     * @param {() => string} [why] what it waits for just now, in words
     * @returns {Promise<T>}
     */
    step: async (title, work, why = () => '') => {
      const began = now();
      const seconds = () => Math.round((now() - began) / 1000);
      stream.write(isTerminal ? `  ${title} ...` : `  ${title} ...\n`);
      const tick = isTerminal
        ? () => stream.write(`\r  ${title} ... ${seconds()} s${because(why())}`)
        : () => stream.write(`    ${title} ... ${seconds()} s${because(why())}\n`);
      const timer = setInterval(tick, isTerminal ? 1000 : 10_000);
      try {
        const result = await work();
        stream.write(
          isTerminal ? `\r\u001b[K  ${title}: ${seconds()} s\n` : `  ${title}: ${seconds()} s\n`,
        );
        return result;
      } catch (error) {
        if (isTerminal) stream.write('\n');
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}
