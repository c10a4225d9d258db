const movable = new WeakSet<Uint8Array>();

/**
 * Says that the memory of these bytes is nobody else's and was made here, so that it can be moved to another thread. Small
 * buffers share a pool, and a native library keeps its own: those have to be copied.
 */
export function markMovable<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  movable.add(bytes);
  return bytes;
}

/** @returns the same bytes where they can be moved, else a copy that can; the caller gives them up either way */
export const toMovable = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  movable.has(bytes) ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
