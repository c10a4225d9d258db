import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What can be wrong with a network, by Toxiproxy's names where it has one. `down`: nobody listens. `latency`: answers come
 * late. `bandwidth`: slowly. `slow_close`: the end comes late. `timeout`: nothing passes, then the connection ends.
 * `reset_peer`: the connection is reset. `slicer`: answers in tiny pieces. `limit_data`: an answer is cut after some bytes.
 * `half_open`: a live connection goes silent and never ends.
 */
export type Toxic =
  | { readonly kind: 'down' }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  | { readonly kind: 'slow_close'; readonly ms: number }
  | { readonly kind: 'timeout'; readonly ms: number }
  | { readonly kind: 'reset_peer'; readonly ms: number }
  | { readonly kind: 'slicer'; readonly bytes: number; readonly ms: number }
  | { readonly kind: 'limit_data'; readonly bytes: number }
  | { readonly kind: 'half_open' };

/** What a client sent after the last answer, until the next one: a request of HTTP, a command of Redis (or several). */
export interface Call {
  /** Counted over all connections, from 1 since the proxy was told to watch. */
  readonly number: number;
  /** The beginning of what was sent. */
  readonly head: string;
}

/** Sees each call before the server does, and the beginning of its answer before the client does. 'cut' resets both sides. */
export interface Watcher {
  readonly onCall?: (call: Call) => 'pass' | 'cut';
  readonly onAnswer?: (call: Call, answerHead: string) => 'pass' | 'cut';
  /** The beginning of the answer is on its way to the client. */
  readonly onPassed?: (call: Call, answerHead: string) => void;
}

/** A TCP proxy on 127.0.0.1 in front of one server. */
export interface Proxy {
  readonly port: number;
  /** Replaces what is wrong; live connections notice with their next bytes, `down` and `reset_peer` at once. */
  poison(...toxics: readonly Toxic[]): void;
  heal(): void;
  /** Counting starts anew. */
  watch(watcher: Watcher | null): void;
  close(): Promise<void>;
}

const HEAD_BYTES = 2048;

/** @param target port on 127.0.0.1 */
export async function startProxy(target: number): Promise<Proxy> {
  const links = new Set<Link>();
  const state: State = { toxics: [], watcher: null, calls: 0 };
  const server = net.createServer((client) => {
    if (has(state, 'down')) {
      client.resetAndDestroy();
      return;
    }
    const link = new Link(client, net.connect({ port: target, host: '127.0.0.1' }), state);
    links.add(link);
    link.onEnd(() => links.delete(link));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    poison(...toxics) {
      state.toxics = toxics;
      for (const link of links) link.feel();
    },
    heal() {
      state.toxics = [];
    },
    watch(watcher) {
      state.watcher = watcher;
      state.calls = 0;
    },
    async close() {
      for (const link of links) link.cut();
      server.close();
      await once(server, 'close');
    },
  };
}

interface State {
  toxics: readonly Toxic[];
  watcher: Watcher | null;
  calls: number;
}

type Of<Kind extends Toxic['kind']> = Extract<Toxic, { readonly kind: Kind }>;
const toxic = <Kind extends Toxic['kind']>(state: State, kind: Kind): Of<Kind> | undefined =>
  state.toxics.find((one): one is Of<Kind> => one.kind === kind);
const has = (state: State, kind: Toxic['kind']): boolean => toxic(state, kind) !== undefined;

/**
 * Resets a connection. One whose end is on its way can't be reset: Node would lose its handle (EINVAL) and spin at exit, for
 * ever; it just ends.
 */
export function reset(socket: net.Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/** One connection of a client, and the one to the server behind it. */
class Link {
  readonly #client: net.Socket;
  readonly #server: net.Socket;
  readonly #state: State;
  #call: Call | null = null;
  #isAnswered = false;
  #answerBytes = 0;
  /** Whatever is held back of a connection that has ended is held back no longer: no timer outlives it. */
  readonly #ending = new AbortController();
  /** A connection that went silent stays so: nothing of it is ever delivered later. */
  #isSilent = false;

  constructor(client: net.Socket, server: net.Socket, state: State) {
    this.#client = client;
    this.#server = server;
    this.#state = state;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // What went wrong on one side is passed on as a reset of the other.
      socket.on('error', () => {
        this.cut();
      });
    }
    client.once('close', () => {
      this.#ending.abort();
    });
    this.#pump(client, server, (bytes) => this.#request(bytes));
    this.#pump(server, client, (bytes) => this.#answer(bytes));
    this.feel();
  }

  onEnd(listener: () => void): void {
    this.#client.once('close', listener);
  }

  /** Takes notice of what is wrong now. */
  feel(): void {
    const ending = toxic(this.#state, 'timeout') ?? toxic(this.#state, 'reset_peer');
    const isResetNow = ending?.kind === 'reset_peer' && ending.ms === 0;
    if (has(this.#state, 'down') || isResetNow) this.cut();
    else if (ending !== undefined)
      void this.#wait(ending.ms).then(() => {
        if (ending.kind === 'reset_peer') this.cut();
        else this.#end();
      });
    if (has(this.#state, 'half_open') || has(this.#state, 'timeout')) this.#isSilent = true;
  }

  /** Resets both sides. */
  cut(): void {
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) reset(socket);
  }

  #end(): void {
    for (const socket of [this.#client, this.#server]) socket.destroy();
  }

  #pump(from: net.Socket, to: net.Socket, pass: (bytes: Buffer) => Promise<void>): void {
    let last: Promise<void> = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      from.pause();
      last = pass(bytes).finally(() => from.resume());
    });
    from.on('end', () => {
      void last.then(async () => {
        const { ms } = toxic(this.#state, 'slow_close') ?? { ms: 0 };
        if (ms > 0) await this.#wait(ms);
        if (!this.#isSilent) to.end();
      });
    });
  }

  async #request(bytes: Buffer): Promise<void> {
    if (this.#isSilent) return;
    if (this.#call === null || this.#isAnswered) {
      this.#state.calls += 1;
      this.#call = { number: this.#state.calls, head: headOf(bytes) };
      this.#isAnswered = false;
      this.#answerBytes = 0;
      if (this.#state.watcher?.onCall?.(this.#call) === 'cut') {
        this.cut();
        return;
      }
    }
    await this.#write(this.#server, bytes);
  }

  async #answer(bytes: Buffer): Promise<void> {
    if (this.#isSilent) return;
    const call = this.#call;
    const { watcher } = this.#state;
    const isFirst = call !== null && !this.#isAnswered;
    this.#isAnswered = true;
    if (isFirst && watcher?.onAnswer?.(call, headOf(bytes)) === 'cut') {
      this.cut();
      return;
    }
    await this.#shape(bytes);
    if (isFirst) watcher?.onPassed?.(call, headOf(bytes));
  }

  async #shape(bytes: Buffer): Promise<void> {
    const late = toxic(this.#state, 'latency');
    if (late !== undefined) await this.#wait(late.ms);
    const limit = toxic(this.#state, 'limit_data');
    if (limit !== undefined && this.#answerBytes + bytes.length > limit.bytes) {
      await this.#write(this.#client, bytes.subarray(0, limit.bytes - this.#answerBytes));
      this.#end();
      return;
    }
    this.#answerBytes += bytes.length;
    for (const { piece, ms } of this.#pieces(bytes)) {
      await this.#write(this.#client, piece);
      if (ms > 0) await this.#wait(ms);
    }
  }

  #pieces(bytes: Buffer): readonly { readonly piece: Buffer; readonly ms: number }[] {
    const rate = toxic(this.#state, 'bandwidth')?.bytesPerSecond;
    const slicer =
      toxic(this.#state, 'slicer') ??
      (rate === undefined ? undefined : { bytes: Math.ceil(rate / 20), ms: 50 });
    if (slicer === undefined) return [{ piece: bytes, ms: 0 }];
    const count = Math.ceil(bytes.length / slicer.bytes);
    return Array.from({ length: count }, (_, index) => ({
      piece: bytes.subarray(index * slicer.bytes, (index + 1) * slicer.bytes),
      ms: slicer.ms,
    }));
  }

  /** At most until the connection ends. */
  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  async #write(socket: net.Socket, bytes: Buffer): Promise<void> {
    if (socket.destroyed || bytes.length === 0) return;
    if (!socket.write(bytes))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }
}

const headOf = (bytes: Buffer): string => bytes.subarray(0, HEAD_BYTES).toString('latin1');
