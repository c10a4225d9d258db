import type { LabelStudioServer } from '../servers/label-studio.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { twoAnnotators } from './annotators.ts';
import { type Figures, History, isWanted } from './history.ts';
import { killAgainAndAgain } from './kills.ts';
import { endAtOnce, endUnderLoad, endWhileSilent } from './life-and-death.ts';
import { killAmongMany } from './many-processes.ts';
import { failEveryCall } from './nth-call.ts';
import { failEveryRequest } from './nth-request.ts';
import { stopEachDependency } from './outages.ts';
import { disturbWebhooks } from './webhooks.ts';

type Play = (history: History, labelStudio: LabelStudioServer) => Promise<void>;

/** Scenarios that leave each other alone, and play at once: most of their time is waiting. */
const ACTS: readonly Readonly<Record<string, Play>>[] = [
  {
    'a process killed again and again': killAgainAndAgain,
    'one of many processes killed again and again': killAmongMany,
    'webhooks doubled, late, out of order, missing, forged, oversized': disturbWebhooks,
    'the n-th request to Label Studio never arrives': (history, labelStudio) =>
      failEveryRequest(history, labelStudio, 'before'),
    'the n-th request to Label Studio is carried out, and its answer never arrives': (
      history,
      labelStudio,
    ) => failEveryRequest(history, labelStudio, 'after'),
    'SIGTERM under load': endUnderLoad,
    'a second signal': endAtOnce,
    'SIGTERM while Label Studio is silent': endWhileSilent,
  },
  {
    'every fault of a network, and each dependency stopped for a minute under load':
      stopEachDependency,
    'the n-th call fails before it is carried out': (history) => failEveryCall(history, 'before'),
    'the n-th call is carried out, and nobody hears of it': (history) =>
      failEveryCall(history, 'after'),
  },
];

describe('nothing lost, nothing twice', function () {
  this.timeout(900_000);
  let labelStudio: LabelStudioServer;
  const histories: History[] = [];
  let failed = 0;

  before(async () => {
    labelStudio = await sharedLabelStudio();
    await twoAnnotators(labelStudio);
  });

  for (const [index, act] of ACTS.entries()) {
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

  after(() => {
    const sum = (of: keyof Figures): number =>
      histories.reduce((total, { figures }) => total + figures[of], 0);
    const verdict =
      failed === 0 ? 'lost = 0, doubled = 0' : `${failed} scenarios failed: see what they lost`;
    console.log(
      `    rounds ${sum('rounds')}, kills ${sum('kills')}, faults injected ${sum('faults')}, records checked ${sum('records')}: ${verdict}`,
    );
    for (const { scenario, told } of histories)
      if (told !== '') console.log(`    ${scenario}: ${told}`);
  });
});
