/** Something with a whole life: starts once, stops once. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  /** Not ready any more, so that nobody new is sent here; what comes all the same is still answered. */
  leave?(): void;
  /** Ends what was started, without cutting work short that can be finished in a moment. */
  stop(): Promise<void>;
}

/** Starts parts in order; a part that fails to start ends those before it. Stops in the opposite order, each of them. */
export function joinParts(parts: readonly Part[]): Part {
  const started: Part[] = [];
  const stop = async (): Promise<void> => {
    const faults: unknown[] = [];
    for (const part of started.splice(0).reverse()) {
      await part.stop().catch((error: unknown) => faults.push(error));
    }
    if (faults.length > 0) throw faults[0];
  };
  return {
    name: parts.map(({ name }) => name).join(', '),
    async start() {
      for (const part of parts) {
        started.push(part);
        await part.start().catch(async (error: unknown) => {
          await stop().catch(() => undefined);
          throw error;
        });
      }
    },
    leave: () => {
      for (const part of started) part.leave?.();
    },
    stop,
  };
}
