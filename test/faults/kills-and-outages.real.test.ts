import { describeActs } from './describe-acts.ts';
import { killAgainAndAgain } from './kills.ts';
import { killAmongMany } from './many-processes.ts';
import { failEveryCommand } from './nth-command.ts';
import { failEveryRequest } from './nth-request.ts';
import { stopEachDependency } from './outages.ts';

describeActs('nothing lost, nothing twice, in longer rounds', [
  {
    'a process killed again and again': killAgainAndAgain,
    'one of many processes killed again and again': killAmongMany,
  },
  {
    'the n-th request to Label Studio never arrives': (history, labelStudio) =>
      failEveryRequest(history, labelStudio, 'before'),
    'the n-th request to Label Studio is carried out, and its answer never arrives': (
      history,
      labelStudio,
    ) => failEveryRequest(history, labelStudio, 'after'),
  },
  {
    'every fault of a network, and each dependency stopped for a minute under load':
      stopEachDependency,
    'the n-th command to Redis never arrives': (history) => failEveryCommand(history, 'before'),
    'the n-th command to Redis is carried out, and its answer never arrives': (history) =>
      failEveryCommand(history, 'after'),
  },
]);
