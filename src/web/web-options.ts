import type { RequestHandler } from 'express';

import type { ExamplePicture } from '../domain/example-picture.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import type { Policy } from '../domain/selection.ts';
import type { WindowName } from '../domain/window.ts';
import type { Classifier } from '../ports/classifier.ts';
import type { Clock } from '../ports/clock.ts';
import type { FetchImage } from '../ports/fetch-image.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Random } from '../ports/random.ts';
import type { Store } from '../ports/store.ts';
import type { Shadow } from '../shadow/shadow.ts';
import type { NormaliseImage } from '../upload/accept-upload.ts';
import type { ImageLinks } from './image-links.ts';

/** The slice of the settings that the web role works by. */
export interface WebSettings {
  /** Classes of the deployment, in their order. */
  readonly classes: readonly string[];
  readonly segments: readonly string[];
  /** WINDOWS. */
  readonly windows: readonly WindowName[];
  /** In [0, 1]; each model may have its own. */
  readonly lowConfidenceThreshold: (modelVersion: ModelVersion) => number;
  readonly uploadBytesMax: number;
  /** Images that one client may send in a minute; 0: no limit. */
  readonly uploadsPerMinute: number;
  /** Reports that one client may send in a minute; 0: no limit. */
  readonly reportsPerMinute: number;
  /** Hops of reverse proxies in front of this server. */
  readonly trustProxyHops: number;
  /** As people's browsers reach this server, without a trailing slash. */
  readonly publicUrl: string;
  /** Origins whose pages may read signed images. */
  readonly labelStudioOrigins: readonly string[];
  readonly ingestKey: string;
  readonly opsKey: string;
  readonly isAccuracyPublic: boolean;
  readonly flagHorizonMs: number;
  readonly targetAccuracy: number;
  /** Of the models here whose model.json says it. */
  readonly offline: readonly OfflineResult[];
}

/** What the ops page shows and does beyond the records. */
export interface Operations {
  /** Label Studio as people's browsers reach it, without a trailing slash. */
  readonly labelStudioUrl: string;
  /** LABEL_BUDGET_PER_DAY, tasks. */
  readonly budgetPerDay: number;
  /** The annotators' way in; null where this process can't ask for it. */
  readonly inviteLink: (() => Promise<string>) | null;
  /** Asks the sync to run now; null where there is no way to it. */
  readonly requestRun: (() => Promise<void>) | null;
}

/** Everything that the web role is made of; wire builds it. */
export interface WebOptions {
  readonly settings: WebSettings;
  readonly store: Store;
  readonly objects: ObjectStore;
  /** Null: no model here, predictions are reported. */
  readonly classifier: Classifier | null;
  /** Null: there is no second model. */
  readonly shadow: Shadow | null;
  readonly normalise: NormaliseImage;
  /** Null: no host is allowed (ALLOWED_IMAGE_HOSTS). */
  readonly fetchImage: FetchImage | null;
  /** The policy before the first one is made. */
  readonly firstPolicy: Policy;
  readonly imageLinks: ImageLinks;
  readonly examples: readonly ExamplePicture[];
  readonly operations: Operations;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  /** Counts and times requests. */
  readonly instrument: RequestHandler;
  /** The role's metrics in Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** False while starting or draining. */
  readonly isReady: () => boolean;
}
