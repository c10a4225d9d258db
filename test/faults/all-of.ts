/** Waits for all of them, also when one fails: nothing goes on behind a failed test. @throws what failed first in the list */
export async function allOf<Value>(works: readonly Promise<Value>[]): Promise<readonly Value[]> {
  const ended = await Promise.allSettled(works);
  return ended.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
