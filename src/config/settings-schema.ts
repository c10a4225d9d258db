import { validate } from 'node-cron';
import { z } from 'zod';

import type { WindowName } from '../domain/window.ts';
import { DATA_DIR_DEFAULT } from './data-dir.ts';

export const ROLES = ['web', 'classifier', 'sync'] as const;

const port = (preset: number) =>
  z.coerce.number().int().min(1).max(65_535).default(preset).meta({ rule: 'a port, 1 to 65535' });
const share = (preset: number) =>
  z.coerce.number().min(0).max(1).default(preset).meta({ rule: 'a number from 0 to 1' });
const whole = (preset: number, min = 1, max = Number.MAX_SAFE_INTEGER) =>
  z.coerce
    .number()
    .int()
    .min(min)
    .max(max)
    .default(preset)
    .meta({
      rule: `a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`,
    });
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true')
  .meta({ rule: 'true or false' });
const address = z.url({ protocol: /^https?$/ }).transform((value) => value.replace(/\/+$/, ''));
/** A request goes to it as it is written, and Node's fetch takes none with a user or password in it. */
const receiver = z.url({ protocol: /^https?$/, abort: true }).refine((value) => {
  const { username, password } = new URL(value);
  return username === '' && password === '';
});
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const roleList = list.pipe(z.array(z.enum(ROLES)).min(1));
const windowName = z
  .string()
  .regex(/^([1-9]\d{0,3}[hd]|all)$/)
  .transform((value) => value as WindowName);
const secret = z
  .string()
  .min(16)
  .meta({ rule: 'at least 16 characters (the first start makes it, except with STORE=redis)' });

/**
 * Every setting with its rule and default, in the order of docs/settings.md. `''` counts as not set.
 * A half-configured choice (Redis without its address) is one of the `contradictions`.
 */
export const settingsSchema = z.object({
  ROLES: roleList
    .default([...ROLES])
    .meta({ rule: 'web, classifier, sync, or several with commas' }),
  DATA_DIR: z.string().default(DATA_DIR_DEFAULT),
  HOST: z.string().default('127.0.0.1'),
  WEB_PORT: port(5000),
  CLASSIFIER_PORT: port(8000),
  SYNC_PORT: port(8081),
  PUBLIC_URL: address.optional(),
  TRUST_PROXY: whole(0, 0, 10),
  CLASSIFIER_URL: address.optional(),
  CLASSIFIER_MODEL_VERSION: z.string().min(1).max(200).optional(),
  MODEL_DIR: z.string().default('models/food11'),
  SHADOW_MODEL_DIR: z.string().min(1).optional(),
  CANARY_SHARE: share(0),
  CLASSES_FILE: z.string().optional(),
  SEGMENTS: list.pipe(z.array(z.string().max(50)).max(20)).default([]),
  STORE: z.enum(['sqlite', 'redis']).default('sqlite'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  REDIS_DURABILITY: z.enum(['required', 'warn']).default('required'),
  OBJECTS: z.enum(['disk', 's3']).default('disk'),
  S3_ENDPOINT: address.optional(),
  S3_BUCKET: z.string().min(3).max(63).optional(),
  S3_REGION: z.string().default('us-east-1'),
  AWS_ACCESS_KEY_ID: z.string().min(1).optional(),
  AWS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  LABEL_STUDIO_URL: address.optional(),
  LABEL_STUDIO_PUBLIC_URL: address.optional(),
  LABEL_STUDIO_PORT: port(8080),
  ALLOWED_LABEL_STUDIO_ORIGINS: list.pipe(z.array(address)).optional(),
  WEBHOOK_URL: address.optional(),
  PROJECT_PREFIX: z.string().min(1).max(35).default('Food11'),
  SYNC_CRON: z
    .string()
    .refine(validate)
    .default('*/30 * * * * *')
    .meta({ rule: 'a cron expression, for instance */30 * * * * * for every 30 seconds' }),
  LABEL_BUDGET_PER_DAY: whole(200),
  SHARE_RANDOM: share(0.6),
  SHARE_LOW_CONFIDENCE: share(0.2),
  SHARE_DISPUTED: share(0.2),
  DESIGN: z.enum(['shares', 'confidence']).default('shares'),
  LOW_CONFIDENCE_THRESHOLD: z.coerce.number().min(0).max(1).optional(),
  PUSH_DELAY_SECONDS: whole(60, 0, 86_400),
  DEDUPLICATE: flag,
  REVEAL_PREDICTION: z.enum(['never', 'hard']).default('never'),
  ANNOTATIONS_PER_TASK: whole(1, 1, 5),
  OVERLAP_SHARE: share(0.1),
  LABEL_SLA_DAYS: whole(7, 1, 365),
  FLAG_HORIZON_DAYS: whole(7, 1, 365),
  RETENTION_DAYS: whole(90, 1, 36_500),
  IMAGE_URL_DAYS: whole(90, 1, 3650),
  TARGET_ACCURACY: share(0.8),
  RETRAIN_WEBHOOK_URL: receiver
    .optional()
    .meta({ rule: 'an http or https address without a user or password' }),
  RETRAIN_EVERY_DAYS: whole(0, 0, 3650),
  WINDOWS: list
    .pipe(z.array(windowName).min(1))
    .default(['1h', '1d', '7d', '30d', 'all'])
    .meta({ rule: 'hours, days or all with commas, for instance 1h,7d,all' }),
  UPLOAD_BYTES_MAX: whole(10_485_760, 1024),
  UPLOAD_PIXELS_MAX: whole(50_000_000, 1024),
  QUEUE_LIMIT: z.coerce.number().int().min(1).optional().meta({ rule: 'a whole number from 1' }),
  ALLOWED_IMAGE_HOSTS: list
    .pipe(
      z.array(
        z
          .string()
          .regex(/^[a-z0-9.-]+(:\d+)?$/)
          .max(260),
      ),
    )
    .default([])
    .meta({
      rule: 'host names in small letters with commas, each with :port unless it is 443 or 80',
    }),
  DRIFT_REFERENCE: z.string().min(1).optional(),
  /** Per client; 0: no limit. */
  RATE_LIMIT_PER_MINUTE: whole(0, 0, 1_000_000),
  REPORT_RATE_LIMIT_PER_MINUTE: whole(0, 0, 1_000_000),
  CLASSIFIER_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .meta({ rule: 'a whole number from 1 to 256' }),
  ACCURACY_PUBLIC: flag,
  /** Below the grace of main.ts. */
  DRAIN_SECONDS: whole(1, 0, 15),
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug', 'silent']).default('info'),
  PROMETHEUS_PORT: port(9090),
  GRAFANA_PORT: port(3000),
  ALERTMANAGER_PORT: port(9093),
  LABEL_STUDIO_USERNAME: z.email(),
  LABEL_STUDIO_PASSWORD: secret,
  LABEL_STUDIO_TOKEN: secret.meta({
    rule: 'a legacy or personal access token of the Label Studio that LABEL_STUDIO_URL names (at least 16 characters)',
  }),
  WEBHOOK_SECRET: secret,
  RETRAIN_WEBHOOK_SECRET: secret,
  INGEST_KEY: secret,
  IMAGE_URL_KEY: secret,
  SAMPLING_KEY: secret,
  OPS_KEY: secret,
});

/** What the environment says, each setting by itself right. */
export type Settings = z.output<typeof settingsSchema>;
