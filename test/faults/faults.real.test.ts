import { describeActs } from './describe-acts.ts';
import { fillTheDisk } from './full-disk.ts';
import { killAgainAndAgain } from './kills.ts';
import { endAtOnce, endUnderLoad, endWhileSilent } from './life-and-death.ts';
import { killAmongMany } from './many-processes.ts';
import { failEveryCall } from './nth-call.ts';
import { failEveryCommand } from './nth-command.ts';
import { failEveryRequest } from './nth-request.ts';
import { stopEachDependency } from './outages.ts';
import { disturbWebhooks } from './webhooks.ts';

describeActs('nothing lost, nothing twice', [
  {
    'SIGTERM under load': endUnderLoad,
    'a second signal': endAtOnce,
    'SIGTERM while Label Studio is silent': endWhileSilent,
  },
  {
    'a process killed again and again': killAgainAndAgain,
    'one of many processes killed again and again': killAmongMany,
    'the n-th request to Label Studio never arrives': (history) =>
      failEveryRequest(history, 'before'),
    'the n-th request to Label Studio is carried out, and its answer never arrives': (history) =>
      failEveryRequest(history, 'after'),
  },
  {
    'every fault of a network, and each dependency stopped for a minute under load':
      stopEachDependency,
    'webhooks doubled, late, out of order, missing, forged, oversized': disturbWebhooks,
    'no room on the disk, again and again': fillTheDisk,
    'the n-th command to Redis never arrives': (history) => failEveryCommand(history, 'before'),
    'the n-th command to Redis is carried out, and its answer never arrives': (history) =>
      failEveryCommand(history, 'after'),
    'the n-th call fails before it is carried out': (history) => failEveryCall(history, 'before'),
    'the n-th call is carried out, and nobody hears of it': (history) =>
      failEveryCall(history, 'after'),
  },
]);
