import { describeActs } from './describe-acts.ts';
import { fillTheDisk } from './full-disk.ts';
import { endAtOnce, endUnderLoad, endWhileSilent } from './life-and-death.ts';
import { failEveryCall } from './nth-call.ts';
import { disturbWebhooks } from './webhooks.ts';

describeActs('nothing lost, nothing twice', [
  {
    'SIGTERM under load': endUnderLoad,
    'a second signal': endAtOnce,
    'SIGTERM while Label Studio is silent': endWhileSilent,
  },
  {
    'webhooks doubled, late, out of order, missing, forged, oversized': disturbWebhooks,
    'no room on the disk, again and again': fillTheDisk,
    'the n-th call fails before it is carried out': (history) => failEveryCall(history, 'before'),
    'the n-th call is carried out, and nobody hears of it': (history) =>
      failEveryCall(history, 'after'),
  },
]);
