import type { Log } from '../../ports/log.ts';
import type { Store } from '../../ports/store.ts';
import { answerStore } from './answers.ts';
import { assertDurable } from './assert-durable.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { estimateStore } from './estimates.ts';
import { migrate } from './migrate.ts';
import { noticeStore } from './notices.ts';
import { outboxStore } from './outbox.ts';
import { predictionStore } from './predictions.ts';
import { reporterStore } from './reporters.ts';
import { runStore } from './runs.ts';
import { selectionStore } from './selections.ts';
import { taskStore } from './tasks.ts';

/** A user waits: the answer, or the word that there is none, comes within this, ms. */
const PROMPT_MS = 1800;
/** Batches and windows are large, and nobody waits for them at a page, ms. */
const BULK_MS = 30_000;

/**
 * The records in Redis, or Redis Cluster, shared by any number of processes.
 * @param options.url redis:// or rediss://
 * @param options.durability 'warn' uses a server that may lose what it acknowledged
 * @throws StoreUnavailable when it does not answer; StoreUnusable when it is not durable, too old, or newer than this program
 */
export async function openRedisStore(options: {
  readonly url: string;
  readonly durability?: 'required' | 'warn';
  readonly log?: Log;
}): Promise<Store> {
  const { url, log } = options;
  const prompt = await connect(url, PROMPT_MS, log);
  try {
    await assertDurable(prompt, options.durability !== 'warn', log);
    const bulk = await openBulk(url, log);
    log?.info({ redis: prompt.place }, 'store opened');
    return storeOf(prompt, bulk);
  } catch (error) {
    prompt.close();
    throw error;
  }
}

async function openBulk(url: string, log: Log | undefined): Promise<Connection> {
  const bulk = await connect(url, BULK_MS, log);
  try {
    await migrate(bulk);
    return bulk;
  } catch (error) {
    bulk.close();
    throw error;
  }
}

/** What an upload or a page waits for, among what else is bulk work of the sync. */
const awaited = (
  prompt: Connection,
): Pick<
  Store,
  'currentPolicy' | 'findTask' | 'latestEstimates' | 'modelVersions' | 'outboxState' | 'projectId'
> => {
  const selections = selectionStore(prompt);
  const outbox = outboxStore(prompt);
  const tasks = taskStore(prompt);
  const estimates = estimateStore(prompt);
  return {
    currentPolicy: () => selections.currentPolicy(),
    findTask: (id) => tasks.findTask(id),
    projectId: (kind) => tasks.projectId(kind),
    outboxState: () => outbox.outboxState(),
    latestEstimates: () => estimates.latestEstimates(),
    modelVersions: () => estimates.modelVersions(),
  };
};

const storeOf = (prompt: Connection, bulk: Connection): Store => ({
  ...predictionStore(prompt),
  ...answerStore(prompt),
  ...selectionStore(bulk),
  ...outboxStore(bulk),
  ...taskStore(bulk),
  ...estimateStore(bulk),
  ...noticeStore(prompt),
  ...runStore(prompt),
  ...reporterStore(prompt),
  ...awaited(prompt),
  ping: async () => {
    await prompt.call('SET', prompt.key('ping'), 0);
  },
  close: () => {
    prompt.close();
    bulk.close();
    return Promise.resolve();
  },
});
