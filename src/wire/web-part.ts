import { createHttpClassifier } from '../adapters/http-classifier/http-classifier.ts';
import { createFetchImage } from '../adapters/http-images/create-fetch-image.ts';
import {
  createLabelStudio,
  type LabelStudio,
} from '../adapters/label-studio/create-label-studio.ts';
import { normaliseImage } from '../adapters/sharp/normalise-image.ts';
import type { Config } from '../config/parse-config.ts';
import { uploadLimits } from '../config/upload-limits.ts';
import { HISTOGRAM_BINS } from '../domain/population.ts';
import type { Served } from '../http/serve.ts';
import type { FetchImage } from '../ports/fetch-image.ts';
import { firstPolicy } from '../select/policy.ts';
import { createWebApp, WEB_HANDLERS } from '../web/create-web-app.ts';
import type { ImageLinks } from '../web/image-links.ts';
import type { Operations, WebSettings } from '../web/web-options.ts';
import type { Deployment } from './deployment.ts';
import { listenOn } from './listen.ts';
import type { RecordsInService } from './records.ts';
import { roleMetrics } from './role-metrics.ts';
import type { Part } from './service.ts';
import { shadowOfUploads } from './shadow-of-uploads.ts';
import type { Surroundings } from './surroundings.ts';

const DAY_MS = 86_400_000;
/** A classifier that is slower than this has no answer that a person would wait for. */
const CLASSIFIER_TIMEOUT_MS = 20_000;

/** The web role. */
export function webPart(
  config: Config,
  deployment: Deployment,
  records: RecordsInService,
  imageLinks: ImageLinks,
  around: Surroundings,
): Part {
  let isReady = false;
  let leave = (): void => undefined;
  let end: () => Promise<void> = async () => undefined;
  return {
    name: 'web',
    async start() {
      const { clock, random, log } = around;
      const role = roleMetrics(
        'web',
        { classes: deployment.classes, handlers: WEB_HANDLERS },
        around.build,
      );
      records.showIn(role.meter);
      const classifier = hasUpload(config)
        ? createHttpClassifier({
            baseUrl: config.CLASSIFIER_URL,
            timeoutMs: CLASSIFIER_TIMEOUT_MS,
            clock,
            meter: role.meter,
            classes: deployment.classes,
            modelVersion: config.CLASSIFIER_MODEL_VERSION ?? null,
          })
        : null;
      const shadow = shadowOfUploads(config, deployment, records, { ...around, meter: role.meter });
      const labelStudio = createLabelStudio({
        baseUrl: config.LABEL_STUDIO_URL,
        publicUrl: config.LABEL_STUDIO_PUBLIC_URL,
        token: config.LABEL_STUDIO_TOKEN,
        clock,
        meter: role.meter,
        random,
      });
      const app = createWebApp({
        ...role,
        settings: webSettings(config, deployment),
        store: records.store,
        objects: records.objects,
        classifier,
        shadow,
        normalise: (bytes) => normaliseImage(bytes, uploadLimits(config)),
        fetchImage: imageSource(config),
        firstPolicy: initialPolicy(config),
        imageLinks,
        examples: deployment.examples.pictures,
        operations: operationsOf(config, labelStudio),
        clock,
        random,
        log,
        isReady: () => isReady,
      });
      const served: Served = await listenOn(app, {
        host: config.HOST,
        port: config.WEB_PORT,
        setting: 'WEB_PORT',
      });
      isReady = true;
      leave = () => {
        isReady = false;
        served.leave();
      };
      end = async () => {
        leave();
        await served.stop();
        await shadow?.stop();
        classifier?.close();
        labelStudio.close();
      };
      log.info({ url: served.url }, 'web ready');
    },
    leave: () => {
      leave();
    },
    stop: () => end(),
  };
}

/** Photos can be classified where a model is ours or a classifier was named; else predictions are reported. */
const hasUpload = (config: Config): boolean =>
  config.ROLES.includes('classifier') || config.CLASSES_FILE === undefined;

const RUN_REQUEST_TIMEOUT_MS = 5000;

/** The sync may be another process: it is asked over HTTP, where its webhooks go. */
function operationsOf(config: Config, labelStudio: LabelStudio): Operations {
  return {
    labelStudioUrl: config.LABEL_STUDIO_PUBLIC_URL,
    budgetPerDay: config.LABEL_BUDGET_PER_DAY,
    inviteLink: () => labelStudio.inviteLink(),
    requestRun: async () => {
      const answer = await fetch(new URL('/runs', config.WEBHOOK_URL), {
        method: 'POST',
        headers: { Authorization: `Bearer ${config.OPS_KEY}` },
        signal: AbortSignal.timeout(RUN_REQUEST_TIMEOUT_MS),
      });
      if (!answer.ok) throw new Error(`The sync answered ${answer.status} when asked to run.`);
    },
  };
}

const IMAGE_TIMEOUT_MS = 5000;

const imageSource = (config: Config): FetchImage | null =>
  config.ALLOWED_IMAGE_HOSTS.length === 0
    ? null
    : createFetchImage({
        hosts: config.ALLOWED_IMAGE_HOSTS,
        bytesMax: config.UPLOAD_BYTES_MAX,
        timeoutMs: IMAGE_TIMEOUT_MS,
      });

/** In force until the sync makes one from what it has seen. */
const initialPolicy = (config: Config): ReturnType<typeof firstPolicy> =>
  firstPolicy({
    id: 'first',
    madeAt: 0,
    design: config.DESIGN,
    shares: {
      random: config.SHARE_RANDOM,
      lowConfidence: config.SHARE_LOW_CONFIDENCE,
      disputed: config.SHARE_DISPUTED,
    },
    confidences: new Float64Array(HISTOGRAM_BINS),
  });

function webSettings(
  config: Config,
  { classes, lowConfidenceThreshold, offline }: Deployment,
): WebSettings {
  return {
    classes,
    segments: config.SEGMENTS,
    windows: config.WINDOWS,
    lowConfidenceThreshold,
    uploadBytesMax: config.UPLOAD_BYTES_MAX,
    uploadsPerMinute: config.RATE_LIMIT_PER_MINUTE,
    reportsPerMinute: config.REPORT_RATE_LIMIT_PER_MINUTE,
    trustProxyHops: config.TRUST_PROXY,
    publicUrl: config.PUBLIC_URL,
    labelStudioOrigins: config.ALLOWED_LABEL_STUDIO_ORIGINS,
    ingestKey: config.INGEST_KEY,
    opsKey: config.OPS_KEY,
    isAccuracyPublic: config.ACCURACY_PUBLIC,
    flagHorizonMs: config.FLAG_HORIZON_DAYS * DAY_MS,
    targetAccuracy: config.TARGET_ACCURACY,
    offline,
  };
}
