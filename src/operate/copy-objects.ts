import type { ObjectStore } from '../ports/object-store.ts';

const AT_ONCE = 8;
const SAID_MS = 2000;

/**
 * Copies every object.
 * @returns how many; one that is deleted meanwhile is not among them
 * @throws the first fault of a copy, once those under way have ended
 */
export async function copyObjects(
  from: ObjectStore,
  to: ObjectStore,
  say: (text: string) => void,
): Promise<number> {
  let copied = 0;
  let saidAt = Date.now();
  const underWay = new Set<Promise<unknown>>();
  // A copy may fail while the next key is waited for, and nobody for the copy.
  const faults: unknown[] = [];
  const copy = async (key: Parameters<ObjectStore['get']>[0]): Promise<void> => {
    const bytes = await from.get(key);
    if (bytes === null) return;
    await to.put(key, bytes);
    copied += 1;
  };
  for await (const { key } of from.list()) {
    const one = copy(key)
      .catch((error: unknown) => faults.push(error))
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    if (faults.length > 0) break;
    if (Date.now() - saidAt < SAID_MS) continue;
    say(`${copied} images copied ...`);
    saidAt = Date.now();
  }
  await Promise.all(underWay);
  if (faults.length > 0) throw faults[0];
  return copied;
}
