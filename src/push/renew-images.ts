import { isOpen } from '../domain/annotation.ts';
import { PROJECT_KINDS } from '../domain/selection.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { OutboxStore } from '../ports/store/outbox-store.ts';
import type { RunStore } from '../ports/store/run-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';

export interface RenewImagesDeps {
  readonly store: Pick<TaskStore, 'allTasks'> &
    Pick<OutboxStore, 'enqueue'> &
    Pick<RunStore, 'finding' | 'saveFinding'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RenewImagesSettings {
  /** Says by what the addresses of pictures are made. */
  readonly linksFingerprint: string;
  /** How long an address lives, ms. */
  readonly linkLifeMs: number;
}

/**
 * Has the addresses of pictures written anew into all open tasks: when they are made otherwise now (PUBLIC_URL,
 * IMAGE_URL_KEY, IMAGE_URL_DAYS), and when half of their life is over, so that none expires while its task waits.
 * @returns how many tasks
 */
export async function renewImages(
  { store, clock, log }: RenewImagesDeps,
  { linksFingerprint: fingerprint, linkLifeMs }: RenewImagesSettings,
  fence: Fence,
): Promise<number> {
  const now = clock.now();
  const written = await store.finding('written_links');
  const isSame = written?.fingerprint === fingerprint;
  if (isSame && now - written.writtenAt < linkLifeMs / 2) return 0;
  let renewed = 0;
  for (const project of PROJECT_KINDS)
    for await (const page of store.allTasks(project)) {
      const open = page.filter(isOpen);
      await store.enqueue(
        open.map(({ predictionId }) => ({
          ...{ kind: 'renew_image', predictionId, project, reasons: [] },
          ...{ createdAt: now, taskId: null },
        })),
        fence,
      );
      renewed += open.length;
    }
  await store.saveFinding('written_links', { fingerprint, writtenAt: now }, fence);
  if (renewed > 0)
    log.info({ tasks: renewed, hasChanged: !isSame }, 'addresses of pictures are renewed');
  return renewed;
}
