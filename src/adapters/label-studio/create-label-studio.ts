import { z } from 'zod';

import type { Clock } from '../../ports/clock.ts';
import type { LabelingTool } from '../../ports/labeling-tool.ts';
import type { Meter } from '../../ports/meter.ts';
import type { Random } from '../../ports/random.ts';
import { ensureProject } from './projects.ts';
import { RESILIENCE_DEFAULTS, type ResilienceOptions } from './resilience.ts';
import { createSession } from './session.ts';
import { createTaskCalls } from './tasks.ts';
import { ensureWebhook } from './webhooks.ts';

/** What the Label Studio client needs to know. */
export interface LabelStudioOptions {
  /** Where this program reaches Label Studio, without a trailing slash. */
  readonly baseUrl: string;
  /** Where annotators' browsers reach it; the invite link begins with it. */
  readonly publicUrl: string;
  /** Legacy token (40 hex characters) or personal access token. */
  readonly token: string;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly random: Random;
  /** How long one answer may take, ms; 30,000 when left out. */
  readonly timeoutMs?: number;
  /** Tasks in one answer; 100 when left out. */
  readonly pageSize?: number;
  readonly resilience?: Partial<ResilienceOptions>;
}

/** The LabelingTool port over Label Studio's API; `close` ends the kept connections. */
export interface LabelStudio extends LabelingTool {
  close(): void;
}

const TIMEOUT_MS = 30_000;
const PAGE_SIZE = 100;
const versionSchema = z.object({ release: z.string() });
const inviteSchema = z.object({ invite_url: z.string().min(1) });

export function createLabelStudio(options: LabelStudioOptions): LabelStudio {
  const session = createSession({
    ...options,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    resilience: { ...RESILIENCE_DEFAULTS, ...options.resilience },
  });
  return {
    ...createTaskCalls(session, options.pageSize ?? PAGE_SIZE),
    ensureProject: (...asked) => ensureProject(session, ...asked),
    ensureWebhook: (projectId, url, secret) => ensureWebhook(session, projectId, url, secret),
    async inviteLink() {
      const call = { method: 'GET', path: '/api/invite' } as const;
      const { invite_url: link } = await session.safe(call, inviteSchema);
      return link.startsWith('/') ? `${options.publicUrl}${link}` : link;
    },
    async version() {
      const call = { method: 'GET', path: '/api/version/' } as const;
      return (await session.safe(call, versionSchema)).release;
    },
    close: () => {
      session.close();
    },
  };
}
