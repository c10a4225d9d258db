import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { unmetered } from '../../scripts/records/unmetered.ts';
import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { createHttpClassifier } from '../../src/adapters/http-classifier/http-classifier.ts';
import { normaliseImage } from '../../src/adapters/sharp/normalise-image.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { modelVersion } from '../../src/domain/ids.ts';
import type { Policy } from '../../src/domain/selection.ts';
import { serve } from '../../src/http/serve.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Meter } from '../../src/ports/meter.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import type { Store } from '../../src/ports/store.ts';
import { createWebApp } from '../../src/web/create-web-app.ts';
import { createImageLinks } from '../../src/web/image-links.ts';
import type { WebOptions, WebSettings } from '../../src/web/web-options.ts';
import {
  type ClassifierServer,
  startClassifierServer,
} from '../adapters/http-classifier/classifier-server.ts';

type Body = NonNullable<RequestInit['body']>;

export const CLASSES = ['circle', 'square', 'star & <moon>'];
export const OPS = { Authorization: 'Bearer ops-key-of-the-test' };
export const INGEST = { Authorization: 'Bearer ingest-key-of-the-test' };
export const PAGE = { Accept: 'text/html' };
export const SURE = {
  prediction: 'circle',
  probability: 0.9,
  probabilities: { circle: 0.9, square: 0.06, 'star & <moon>': 0.04 },
  model_version: 'shapes-1',
};

const FIRST_POLICY: Policy = {
  id: 'first',
  madeAt: 0,
  design: 'shares',
  random: 0.6,
  lowConfidence: 1,
  disputed: 1,
  spare: 1,
  confidenceDriven: null,
};

const SETTINGS: WebSettings = {
  classes: CLASSES,
  segments: ['north', 'south'],
  windows: ['1h', '1d', '7d', '30d', 'all'],
  lowConfidenceThreshold: () => 0.5,
  uploadBytesMax: 200_000,
  uploadsPerMinute: 0,
  reportsPerMinute: 0,
  trustProxyHops: 0,
  publicUrl: 'http://truthloop.test',
  labelStudioOrigins: ['http://127.0.0.1:8080', 'http://localhost:8080'],
  ingestKey: 'ingest-key-of-the-test',
  opsKey: 'ops-key-of-the-test',
  isAccuracyPublic: false,
  flagHorizonMs: 7 * 86_400_000,
  targetAccuracy: 0.8,
  offline: [{ modelVersion: modelVersion('shapes-1'), dataset: 'Shapes', n: 20, right: 15 }],
};

/** The web role on a free port, with real records, real images and a real HTTP classifier. */
export interface TestWeb {
  readonly url: string;
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly server: ClassifierServer;
  /** `name label-values` of everything counted. */
  readonly counted: string[];
  /** Event words with their level. */
  readonly logged: string[];
  /** What the clock says, ms; move it at will. */
  time: { now: number };
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body?: Body | object, headers?: Record<string, string>): Promise<Response>;
  upload(bytes: Buffer, headers?: Record<string, string>): Promise<Response>;
  /** Uploads and answers the id. */
  predict(bytes: Buffer): Promise<string>;
  stop(): Promise<void>;
}

export interface TestWebChanges {
  readonly settings?: Partial<WebSettings>;
  readonly options?: Partial<WebOptions>;
  readonly imageKeys?: readonly [string, ...string[]];
  readonly requestTimeoutMs?: number;
}

export async function startTestWeb(changes: TestWebChanges = {}): Promise<TestWeb> {
  const folder = await mkdtemp(join(tmpdir(), 'truthloop-web-'));
  const settings = { ...SETTINGS, ...changes.settings };
  const counted: string[] = [];
  const logged: string[] = [];
  const time = { now: Date.parse('2026-11-22T10:30:00Z') };
  const clock = { now: () => time.now };
  const meter = meterInto(counted);
  const server = await startClassifierServer({ status: 200, body: SURE });
  const classifier = createHttpClassifier({
    baseUrl: server.url,
    modelVersion: null,
    classes: settings.classes,
    timeoutMs: 5000,
    clock,
    meter,
  });
  const store = await openSqliteStore({ path: join(folder, 'truthloop.sqlite') });
  const objects = await openDiskObjects({ dir: join(folder, 'objects') });
  const options: WebOptions = {
    settings,
    store,
    objects,
    classifier,
    shadow: null,
    normalise: (bytes) =>
      normaliseImage(bytes, { bytesMax: settings.uploadBytesMax, pixelsMax: 1_000_000 }),
    fetchImage: null,
    firstPolicy: FIRST_POLICY,
    imageLinks: createImageLinks({
      publicUrl: settings.publicUrl,
      keys: changes.imageKeys ?? ['image-key-of-the-test'],
      days: 90,
    }),
    examples: [],
    operations: {
      labelStudioUrl: 'http://localhost:8080',
      budgetPerDay: 200,
      inviteLink: () => Promise.resolve('http://localhost:8080/user/signup/?token=invited'),
      requestRun: () => {
        counted.push('run asked for');
        return Promise.resolve();
      },
    },
    clock,
    random: systemRandom,
    log: logInto(logged),
    meter,
    instrument: (_request, _response, next) => {
      next();
    },
    metrics: () => Promise.resolve({ text: 'up 1\n', contentType: 'text/plain; version=0.0.4' }),
    isReady: () => true,
    ...changes.options,
  };
  const served = await serve(createWebApp(options), {
    host: '127.0.0.1',
    port: 0,
    ...(changes.requestTimeoutMs === undefined
      ? {}
      : { requestTimeoutMs: changes.requestTimeoutMs }),
  });
  const web: TestWeb = {
    url: served.url,
    store,
    objects,
    server,
    counted,
    logged,
    time,
    get: (path, headers = {}) => fetch(served.url + path, { headers, redirect: 'manual' }),
    post: (path, body, headers = {}) => post(served.url + path, body, headers),
    upload: (bytes, headers = {}) => post(`${served.url}/predict`, photoForm(bytes), headers),
    predict: async (bytes) => {
      const response = await web.upload(bytes);
      return ((await response.json()) as { id: string }).id;
    },
    stop: async () => {
      await served.stop(0);
      classifier.close();
      await server.stop();
      await store.close();
      await objects.close();
      await rm(folder, { recursive: true });
    },
  };
  return web;
}

/** A form as a browser sends it. */
export function photoForm(bytes: Buffer): FormData {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'photo.jpg');
  return form;
}

function post(
  url: string,
  body: Body | object | undefined,
  headers: Record<string, string>,
): Promise<Response> {
  const isPlain = body !== undefined && Object.getPrototypeOf(body) === Object.prototype;
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    ...(body === undefined ? {} : { body: isPlain ? JSON.stringify(body) : (body as Body) }),
    headers: { ...(isPlain ? { 'Content-Type': 'application/json' } : {}), ...headers },
  });
}

const meterInto = (counted: string[]): Meter => ({
  ...unmetered,
  increment: (name, labels) => {
    counted.push([name, ...Object.values(labels ?? {})].join(' '));
  },
});

function logInto(logged: string[]): Log {
  const at = (level: string) => (_fields: object, event: string) => {
    logged.push(`${level} ${event}`);
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
