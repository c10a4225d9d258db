import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';

/** What a run of the suite did, for the line at its end. */
export interface Figures {
  rounds: number;
  kills: number;
  faults: number;
  records: number;
}

const root = path.resolve(import.meta.dirname, '../..');
const FOLDER = path.join(root, 'tmp', 'faults');
const SEED = 20_261_125;

interface Saved {
  readonly scenario: string;
  readonly seed: number;
  readonly plan: unknown;
}

/** FAULT_REPLAY: the file that a failed round left; only its scenario runs, with its seed and its plan. */
const replay: Saved | null =
  process.env['FAULT_REPLAY'] === undefined
    ? null
    : (JSON.parse(readFileSync(process.env['FAULT_REPLAY'], 'utf8')) as Saved);

/** FAULT_ROUNDS: rounds of the scenarios that draw faults at random; each goes on with other faults. */
export const roundsOr = (preset: number): number => Number(process.env['FAULT_ROUNDS'] ?? preset);

/** FAULT_SEED, or the same for everybody; a longer run draws a new one. */
const seedOfRun = (): number =>
  Number(
    process.env['FAULT_SEED'] ??
      (process.env['FAULT_ROUNDS'] === undefined ? SEED : Date.now() % 2 ** 31),
  );

export const isWanted = (scenario: string): boolean =>
  replay === null || replay.scenario === scenario;

/** What happened in one scenario; kept as a file when it fails. */
export class History {
  readonly figures: Figures = { rounds: 0, kills: 0, faults: 0, records: 0 };
  readonly scenario: string;
  readonly seed: number = replay?.seed ?? seedOfRun();
  readonly #events: { readonly ms: number; readonly what: string }[] = [];
  readonly #began = performance.now();
  #plan: unknown = null;
  #ms = 0;
  /** One line for the end of the suite. */
  told = '';

  constructor(scenario: string) {
    this.scenario = scenario;
  }

  /** The rounds to go through: those of the file that is replayed, else freshly drawn ones. */
  planned<Plan>(draw: () => Plan): Plan {
    const plan = replay === null ? draw() : (replay.plan as Plan);
    this.#plan = plan;
    return plan;
  }

  tell(what: string): void {
    this.told = what;
  }

  note(what: string): void {
    this.#events.push({ ms: Math.round(performance.now() - this.#began), what });
  }

  /** How long it took, once it has ended. */
  get seconds(): number {
    return Math.round(this.#ms / 1000);
  }

  /** Runs the scenario. @throws its failure, with the file that replays it */
  async keep(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw new Error(
        `${(error as Error).message}\nTo see it again: FAULT_REPLAY=${this.#save(error)} npm run test:faults`,
        { cause: error },
      );
    } finally {
      this.#ms = performance.now() - this.#began;
    }
  }

  #save(error: unknown): string {
    mkdirSync(FOLDER, { recursive: true });
    const file = path.join(FOLDER, `${this.scenario.replaceAll(/\W+/g, '-')}-${Date.now()}.json`);
    const { scenario, seed, figures } = this;
    // With its causes: what draws schedules names only the schedule.
    const failure = inspect(error);
    const saved = { scenario, seed, plan: this.#plan, failure, figures, events: this.#events };
    writeFileSync(file, JSON.stringify(saved, null, 1));
    return path.relative(root, file);
  }
}
