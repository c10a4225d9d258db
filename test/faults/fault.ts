/** `before`: the call is never carried out. `after`: it is, and its caller does not hear of it. */
export type When = 'before' | 'after';

/** Makes one call fail: the n-th over everything that it is put around. */
export class Fault {
  readonly #nth: number;
  readonly #when: When;
  #calls = 0;

  constructor(nth: number, when: When) {
    this.#nth = nth;
    this.#when = when;
  }

  /** Did the run come to the call? */
  get isMet(): boolean {
    return this.#calls >= this.#nth;
  }

  /** The same object, one of whose methods may fail. Streams fail where they begin. */
  around<Target extends object>(target: Target, error: () => Error): Target {
    return new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...values: unknown[]): unknown => {
          const answer = (): unknown => Reflect.apply(method, target, values);
          if (name === 'close') return answer();
          this.#calls += 1;
          if (this.#calls !== this.#nth) return answer();
          return this.#fail(answer, error());
        };
      },
    });
  }

  #fail(answer: () => unknown, error: Error): unknown {
    if (this.#when === 'before') return failing(Promise.reject(error), error);
    const done = answer();
    if (!(done instanceof Promise)) return failing(Promise.reject(error), error);
    return done.then(() => {
      throw error;
    });
  }
}

/** A rejection to whoever awaits it, and a stream that breaks at once to whoever reads it. */
function failing(rejected: Promise<never>, error: Error): unknown {
  rejected.catch(() => undefined);
  return Object.assign(rejected, {
    async *[Symbol.asyncIterator](): AsyncGenerator<never> {
      yield* [];
      throw error;
    },
  });
}
