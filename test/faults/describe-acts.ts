import type { LabelStudioServer } from '../servers/label-studio.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { twoAnnotators } from './annotators.ts';
import { type Figures, History, isWanted } from './history.ts';

export type Play = (history: History, labelStudio: LabelStudioServer) => Promise<void>;
/** Scenarios that leave each other alone, and play at once: most of their time is waiting. */
export type Act = Readonly<Record<string, Play>>;

/** Plays one act after the other, and tells at the end what was done. */
export function describeActs(title: string, acts: readonly Act[]): void {
  describe(title, function () {
    this.timeout(900_000);
    let labelStudio: LabelStudioServer;
    const histories: History[] = [];
    let failed = 0;

    before(async () => {
      labelStudio = await sharedLabelStudio();
      await twoAnnotators(labelStudio);
    });

    for (const [index, act] of acts.entries()) {
      const wanted = Object.entries(act).filter(([name]) => isWanted(name));
      if (wanted.length === 0) continue;
      describe(`act ${index + 1}`, () => {
        const played = new Map<string, Promise<PromiseSettledResult<void>>>();

        before(() => {
          for (const [name, play] of wanted) {
            const history = new History(name);
            histories.push(history);
            const playing = Promise.allSettled([history.keep(() => play(history, labelStudio))]);
            played.set(
              name,
              playing.then(([result]) => result),
            );
          }
        });

        for (const [name] of wanted)
          it(name, async () => {
            const result = await played.get(name);
            if (result?.status === 'fulfilled') return;
            failed += 1;
            throw result?.reason;
          });
      });
    }

    after(async () => {
      // Where two projects are deleted at once, Label Studio 1.23.2 loses its signals until it is started again: whoever
      // signs up has no token then, and no task becomes labelled. Suites that follow use it, too.
      await labelStudio.restart();
      const sum = (of: keyof Figures): number =>
        histories.reduce((total, { figures }) => total + figures[of], 0);
      const verdict =
        failed === 0 ? 'lost = 0, doubled = 0' : `${failed} scenarios failed: see what they lost`;
      console.log(
        `    rounds ${sum('rounds')}, kills ${sum('kills')}, faults injected ${sum('faults')}, records checked ${sum('records')}: ${verdict}`,
      );
      for (const { scenario, seconds, told } of histories)
        console.log(`    ${seconds} s: ${scenario}${told === '' ? '' : `: ${told}`}`);
    });
  });
}
