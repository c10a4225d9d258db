import { type AskedRole, askRole } from './ask-role.ts';
import { type Command, CommandFailed, readArgs, readConfig, UsageWrong } from './command.ts';

interface Models {
  readonly serving: string;
  readonly models: readonly {
    readonly setting: 'MODEL_DIR' | 'SHADOW_MODEL_DIR';
    readonly name: string;
    readonly version: string;
  }[];
}

/** One classifier process. */
interface Classifier {
  readonly url: string;
  readonly asked: AskedRole;
  readonly found: Models;
}

/** Every worker loads the other model first; on a machine with much to do that takes its time. */
const LOADING_MS = 120_000;
const SAID_MS = 2000;

export const promote: Command = {
  help: `npm run promote -- [--back | --status] [--url http://127.0.0.1:8000 ...]

Lets the model of SHADOW_MODEL_DIR serve, and the one of MODEL_DIR be its shadow: each prediction goes on being answered by one
and compared with the other. Both are loaded in their new roles first, then requests go to the new one; no request is lost.
It holds after a restart, as long as these two models are set. The classifier must be running.

  --back        lets the model of MODEL_DIR serve again
  --status      says which model serves, and changes nothing
  --url URL     a classifier (default: CLASSIFIER_PORT on this machine); once for each process, not the balancer before them
`,
  async run(args, around) {
    const { values, positionals } = readArgs(args, {
      back: { type: 'boolean', default: false },
      status: { type: 'boolean', default: false },
      url: { type: 'string', multiple: true },
    });
    if (positionals.length > 0)
      throw new UsageWrong(`${positionals.join(' ')}: not expected here.`);
    if (values.back && values.status) throw new UsageWrong('Either --back or --status.');
    const config = readConfig(around);
    const urls = values.url ?? [`http://127.0.0.1:${config.CLASSIFIER_PORT}`];
    const classifiers = await Promise.all(urls.map((url) => find(url, config.OPS_KEY)));
    if (values.status) {
      around.print(classifiers.map(statusOf).join('\n'));
      return;
    }
    const target = targetOf(classifiers, values.back ? 'MODEL_DIR' : 'SHADOW_MODEL_DIR');
    for (const [index, classifier] of classifiers.entries()) {
      await serve(classifier, target, around.say).catch((error: unknown) => {
        throw new CommandFailed(
          `${(error as Error).message}${soFar(urls.slice(0, index), target)}`,
          {
            cause: error,
          },
        );
      });
      around.print(
        `${classifier.url}: ${target} ${classifier.found.serving === target ? 'serves already.' : 'serves now.'}`,
      );
    }
  },
};

async function find(url: string, opsKey: string): Promise<Classifier> {
  const asked = askRole('classifier', url, opsKey, LOADING_MS);
  return { url, asked, found: (await asked.get('/models')) as Models };
}

const statusOf = ({ url, found: { serving, models } }: Classifier): string =>
  [
    url,
    ...models.map(
      ({ setting, name, version }) =>
        `  ${version === serving ? 'serves' : 'beside'}  ${version}  (${name}, ${setting})`,
    ),
  ].join('\n');

/**
 * The version that is to serve, in every process the same.
 * @throws CommandFailed when a process has no second model, or another one
 */
function targetOf(
  classifiers: readonly Classifier[],
  setting: Models['models'][number]['setting'],
): string {
  const versions = classifiers.map(({ url, found }) => {
    if (found.models.length < 2)
      throw new CommandFailed(
        `The classifier at ${url} has no second model: set SHADOW_MODEL_DIR and restart it.`,
      );
    return found.models.find((model) => model.setting === setting)?.version;
  });
  const [target] = versions;
  if (target === undefined || versions.some((version) => version !== target))
    throw new CommandFailed(
      `The classifiers differ in ${setting} (${versions.join(', ')}): give each the same models first.`,
    );
  return target;
}

async function serve(
  { url, asked, found }: Classifier,
  version: string,
  say: (text: string) => void,
): Promise<void> {
  if (found.serving === version) return;
  const tell = (): void => {
    say(`${url}: loading ${version} ...`);
  };
  const timer = setInterval(tell, SAID_MS);
  try {
    await asked.put('/models/serving', { version });
  } finally {
    clearInterval(timer);
  }
}

const soFar = (switched: readonly string[], target: string): string =>
  switched.length === 0
    ? ''
    : `\n${target} serves at ${switched.join(', ')} already. Run the command again: what serves is left as it is; or take it back with --back.`;
