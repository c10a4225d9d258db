import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import type { LabelStudio } from '../adapters/label-studio/create-label-studio.ts';
import {
  type ProjectSettings,
  projectSpec,
  readProjectFiles,
} from '../adapters/label-studio/project-files.ts';
import { openPicture } from '../adapters/system/open-picture.ts';
import type { Config } from '../config/parse-config.ts';
import type { PredictionId } from '../domain/ids.ts';
import { PROJECT_KINDS } from '../domain/selection.ts';
import { dayOf, ofWindows } from '../domain/window.ts';
import { exposeBudget } from '../expose/expose-budget.ts';
import { exposeComparisons } from '../expose/expose-comparisons.ts';
import { exposeEstimates } from '../expose/expose-estimates.ts';
import { exposeFindings } from '../expose/expose-findings.ts';
import { exposeNotices } from '../expose/expose-notices.ts';
import { exposeOutbox } from '../expose/expose-outbox.ts';
import type { Meter } from '../ports/meter.ts';
import type { Fence } from '../ports/store/fence.ts';
import { pullAnnotations } from '../pull/pull-annotations.ts';
import { reconcileTasks } from '../pull/reconcile-tasks.ts';
import { createCheckPicture } from '../push/check-picture.ts';
import { chooseTasks } from '../push/choose-tasks.ts';
import { createEnsureProjects, type EnsuredProjects } from '../push/ensure-projects.ts';
import { pushTasks } from '../push/push-tasks.ts';
import { renewImages } from '../push/renew-images.ts';
import { renewPolicy } from '../push/renew-policy.ts';
import { OVERLAP_PURPOSE, permanentRandomNumber } from '../select/permanent-random-number.ts';
import { compareVersions } from '../sync/compare-versions.ts';
import { estimateVersions } from '../sync/estimate-versions.ts';
import { createKeepHouse } from '../sync/keep-house.ts';
import type { SyncSteps } from '../sync/run-sync.ts';
import type { ImageLinks } from '../web/image-links.ts';
import type { Deployment } from './deployment.ts';
import type { Records } from './records.ts';
import { retrainStep } from './retrain-step.ts';
import type { Surroundings } from './surroundings.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** label-studio/ lies beside src/ and dist/. */
const PROJECT_FILES = fileURLToPath(new URL('../../label-studio', import.meta.url));

/**
 * The steps of a sync run with everything that they need.
 * @param use an audit has one project, and nobody listens for its webhooks
 */
export function createSyncSteps(
  config: Config,
  deployment: Deployment,
  records: Records,
  links: ImageLinks,
  tool: LabelStudio,
  around: Surroundings & { readonly meter: Meter },
  use: 'service' | 'audit' = 'service',
): SyncSteps {
  const { store, objects } = records;
  const { clock, meter } = around;
  const deps = { store, tool, objects, ...around };
  const key = Buffer.from(config.SAMPLING_KEY);
  const numberOf = (id: PredictionId): number => permanentRandomNumber(key, id);
  const keepProjects = createEnsureProjects(deps, {
    kinds: use === 'audit' ? ['random'] : PROJECT_KINDS,
    classes: deployment.classes,
    specOf: projectSpecs(config, deployment, use === 'audit'),
    webhook: use === 'audit' ? null : { url: config.WEBHOOK_URL, secret: config.WEBHOOK_SECRET },
  });
  const pushSettings = {
    imageUrl: (id: PredictionId) => links.urlFor(id, clock.now()),
    isRevealed: config.REVEAL_PREDICTION === 'hard',
    imageWaitMs: config.LABEL_SLA_DAYS * DAY_MS,
  };
  const renewal = {
    linksFingerprint: links.fingerprint,
    linkLifeMs: config.IMAGE_URL_DAYS * DAY_MS,
  };
  const checkPicture = createCheckPicture({ ...deps, openPicture }, pushSettings.imageUrl);
  const canSeePictures = reachesPublicUrl(config);
  const reading = {
    classes: deployment.classes,
    annotationsPerTask: config.ANNOTATIONS_PER_TASK,
    overlapShare: config.OVERLAP_SHARE,
    overlapNumber: (id: PredictionId) => permanentRandomNumber(key, id, OVERLAP_PURPOSE),
  };
  const estimateSettings = {
    windows: config.WINDOWS,
    classes: deployment.classes,
    segments: config.SEGMENTS,
    targetAccuracy: config.TARGET_ACCURACY,
    labelSlaMs: config.LABEL_SLA_DAYS * DAY_MS,
    isAnchored: config.REVEAL_PREDICTION === 'hard',
  };
  let ensuredAt = -Infinity;
  let hasLostProject = false;
  const ensureProjects = async (fence: Fence): ReturnType<typeof keepProjects> => {
    const ensured = await keepProjects(fence);
    hasLostProject ||= ensured.projects.some(({ isLost }) => isLost);
    return ensured;
  };

  const push = async (now: number, fence: Fence): Promise<number> => {
    let refusal: EnsuredProjects['refusal'] = null;
    if (now - ensuredAt >= HOUR_MS) {
      const ensured = await ensureProjects(fence);
      refusal = ensured.refusal;
      // A double of one that was made may show a moment later.
      const isNew = ensured.projects.some(({ changes }) => changes.includes('created'));
      ensuredAt = isNew || refusal !== null ? -Infinity : now;
    }
    await renewImages(deps, renewal, fence);
    const first = await pushTasks(deps, pushSettings, fence);
    if (first.error !== null) throw first.error;
    let pushed = first.created + first.found;
    if (first.missingProjects.length > 0) {
      // Somebody deleted a project since: it is made again, and what waited for it follows at once.
      refusal = (await ensureProjects(fence)).refusal;
      const second = await pushTasks(deps, pushSettings, fence);
      if (second.error !== null) throw second.error;
      pushed += second.created + second.found;
    }
    // A project that is not in step keeps nothing from being sent, but the run is told of it.
    if (refusal !== null) throw refusal;
    return pushed;
  };

  return {
    async select(now, fence) {
      const chosen = await chooseTasks(
        deps,
        {
          pushDelayMs: config.PUSH_DELAY_SECONDS * 1000,
          budgetPerDay: config.LABEL_BUDGET_PER_DAY,
          isDeduplicating: config.DEDUPLICATE,
          numberOf,
        },
        now,
        fence,
      );
      await renewPolicy(
        deps,
        {
          design: config.DESIGN,
          shares: {
            random: config.SHARE_RANDOM,
            lowConfidence: config.SHARE_LOW_CONFIDENCE,
            disputed: config.SHARE_DISPUTED,
          },
          budgetPerDay: config.LABEL_BUDGET_PER_DAY,
        },
        now,
        fence,
      );
      return chosen;
    },
    push,
    async pull(_now, fence) {
      if (canSeePictures) await checkPicture(fence);
      const { changes, missingProjects } = await pullAnnotations(deps, reading, fence);
      if (missingProjects.length > 0) ensuredAt = -Infinity;
      return changes;
    },
    async reconcile(_now, fence, decision) {
      const { missingProjects } = await reconcileTasks(deps, reading, fence, decision);
      if (missingProjects.length > 0) {
        const { refusal } = await ensureProjects(fence);
        await reconcileTasks(deps, reading, fence);
        if (refusal !== null) throw refusal;
      }
      hasLostProject = false;
    },
    hasLostProject: () => hasLostProject,
    async estimate(now, fence, changes) {
      const estimates = await estimateVersions(
        store,
        estimateSettings,
        now,
        // A shared task's label is also that of predictions in other windows and versions.
        config.DEDUPLICATE ? null : changes,
      );
      await store.saveEstimates(estimates, fence);
      const comparisons = await compareVersions(store, estimateSettings, now);
      await store.saveFinding('comparisons', comparisons, fence);
    },
    keepHouse: createKeepHouse(deps, {
      windows: config.WINDOWS,
      retentionMs: config.RETENTION_DAYS * DAY_MS,
    }),
    retrain: retrainStep(config, records, around),
    async expose(now) {
      exposeEstimates(
        meter,
        ofWindows(await store.latestEstimates(), config.WINDOWS),
        deployment.offline,
      );
      exposeComparisons(
        meter,
        ofWindows((await store.finding('comparisons')) ?? [], config.WINDOWS),
      );
      if (config.RETRAIN_WEBHOOK_URL !== undefined) exposeNotices(meter, await store.notices());
      await exposeFindings(meter, store);
      exposeOutbox(meter, await store.outboxState());
      const { openTasks } = await store.labelFlow(now - DAY_MS);
      exposeBudget(meter, {
        perDay: config.LABEL_BUDGET_PER_DAY,
        usedToday: await store.selectedOnDay(dayOf(now)),
        open: openTasks,
      });
    },
  };
}

/** To a process without the web role, a loopback address is another place than to annotators' browsers. */
const reachesPublicUrl = ({ ROLES, PUBLIC_URL }: Config): boolean =>
  ROLES.includes('web') || !/^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(PUBLIC_URL).hostname);

/** Marks our projects in a Label Studio that serves several installations; says nothing about the key. */
const deploymentMark = (samplingKey: string): string =>
  createHash('sha256').update(`deployment:v1:${samplingKey}`).digest('hex').slice(0, 8);

function projectSpecs(
  config: Config,
  { examples }: Deployment,
  isAudit: boolean,
): Parameters<typeof createEnsureProjects>[1]['specOf'] {
  const files = readProjectFiles(PROJECT_FILES);
  const settings: ProjectSettings = {
    prefix: config.PROJECT_PREFIX,
    deployment: deploymentMark(config.SAMPLING_KEY),
    annotatorsPerTask: config.ANNOTATIONS_PER_TASK,
    isRevealed: config.REVEAL_PREDICTION === 'hard',
    examples: examples.pictures.map(({ className, path }) => ({
      className,
      url: config.PUBLIC_URL + path,
    })),
    isAudit,
  };
  return (kind, classes) => projectSpec(files, settings, kind, classes);
}
