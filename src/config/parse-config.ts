import { validate } from 'node-cron';
import { z } from 'zod';

import { ConfigInvalid } from '../domain/errors.ts';
import type { WindowName } from '../domain/window.ts';
import { DATA_DIR_DEFAULT } from './data-dir.ts';
import { SECRET_NAMES } from './secrets.ts';

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
 * A half-configured choice (Redis without its address) is caught in `parseConfig`.
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
  RETRAIN_WEBHOOK_URL: address.optional(),
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

type Settings = z.output<typeof settingsSchema>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Settings as the program uses them: every default resolved, frozen. */
export type Config = Readonly<
  Omit<
    Settings,
    | 'PUBLIC_URL'
    | 'CLASSIFIER_URL'
    | 'LABEL_STUDIO_URL'
    | 'LABEL_STUDIO_PUBLIC_URL'
    | 'WEBHOOK_URL'
    | 'ALLOWED_LABEL_STUDIO_ORIGINS'
  > & {
    PUBLIC_URL: string;
    CLASSIFIER_URL: string;
    LABEL_STUDIO_URL: string;
    LABEL_STUDIO_PUBLIC_URL: string;
    WEBHOOK_URL: string;
    ALLOWED_LABEL_STUDIO_ORIGINS: readonly string[];
  }
>;

/**
 * Parses the environment once.
 * @param env variables, secrets included (see withSecrets)
 * @returns every setting, defaults filled in, frozen
 * @throws ConfigInvalid naming each faulty setting, its value (secrets hidden) and the rule it breaks
 */
export function parseConfig(env: Environment): Config {
  const present = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name in settingsSchema.shape && value !== ''),
  );
  const parsed = settingsSchema.safeParse(present);
  const faults = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => describeFault(String(issue.path[0]), env, issue.message));
  if (!parsed.success || faults.length > 0) {
    throw new ConfigInvalid(
      `These settings can't be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  }
  return Object.freeze(withDerived(parsed.data));
}

/** Values that no message repeats. */
const HIDDEN: ReadonlySet<string> = new Set([
  ...SECRET_NAMES,
  'AWS_SECRET_ACCESS_KEY',
  'REDIS_URL',
]);

function describeFault(name: string, env: Environment, message: string): string {
  const value = env[name];
  const isSecret = HIDDEN.has(name);
  const field = settingsSchema.shape[name as keyof typeof settingsSchema.shape];
  const rule = (field.meta()?.['rule'] as string | undefined) ?? message;
  if (value === undefined || value === '') return `${name} is not set: ${rule}`;
  return `${name}=${isSecret ? '(hidden)' : value}: expected ${rule}`;
}

/** Read by the start scripts and by libraries: no settings of the program, and no mistakes. */
const OTHERS = /^(LABEL_STUDIO_VENV|XDG_|AWS_|NODE_|COMPOSE_|FOOD11_|PYTHON|PATH$|TZ$)/;
const SLIPS_MAX = 2;

/**
 * Names in a settings file that mean nothing to anybody: most are misspelt.
 * @param names as they stand in `.env`
 * @returns a warning for each, with the setting that was probably meant
 */
export function strangeSettings(names: readonly string[]): string[] {
  const known = Object.keys(settingsSchema.shape);
  return names
    .filter((name) => !known.includes(name) && !OTHERS.test(name))
    .map((name) => {
      const meant = known.find((setting) => slips(name.toUpperCase(), setting) <= SLIPS_MAX);
      return `.env: ${name} is no setting and not used${meant === undefined ? '' : `; is ${meant} meant?`}`;
    });
}

/** Edit distance (Levenshtein): letters inserted, left out or exchanged. */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries())
      next.push(
        Math.min(
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          (row[j] ?? 0) + Number(letter !== other),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

function contradictions(settings: Settings): string[] {
  const faults: string[] = [];
  const shares = settings.SHARE_RANDOM + settings.SHARE_LOW_CONFIDENCE + settings.SHARE_DISPUTED;
  if (shares > 1 + 1e-9)
    faults.push(
      `SHARE_RANDOM + SHARE_LOW_CONFIDENCE + SHARE_DISPUTED is ${shares}: expected at most 1`,
    );
  if (settings.SHARE_RANDOM === 0)
    faults.push('SHARE_RANDOM=0: expected above 0, or nothing stands behind the accuracy');
  if (settings.STORE === 'redis' && settings.REDIS_URL === undefined)
    faults.push('STORE=redis needs REDIS_URL');
  if (settings.STORE === 'sqlite' && settings.REDIS_URL !== undefined)
    faults.push('REDIS_URL is set but STORE=sqlite: set STORE=redis or remove it');
  if (settings.OBJECTS === 's3' && settings.S3_BUCKET === undefined)
    faults.push('OBJECTS=s3 needs S3_BUCKET (and S3_ENDPOINT unless it is AWS)');
  if ((settings.AWS_ACCESS_KEY_ID === undefined) !== (settings.AWS_SECRET_ACCESS_KEY === undefined))
    faults.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both or neither');
  if (settings.RETENTION_DAYS < settings.FLAG_HORIZON_DAYS)
    faults.push(
      `RETENTION_DAYS=${settings.RETENTION_DAYS}: expected at least FLAG_HORIZON_DAYS (${settings.FLAG_HORIZON_DAYS})`,
    );
  if (settings.DEDUPLICATE && settings.REVEAL_PREDICTION === 'hard')
    faults.push(
      'DEDUPLICATE=true and REVEAL_PREDICTION=hard exclude each other: a random-sample prediction could join a task that shows the answer',
    );
  faults.push(...shadowFaults(settings));
  if (new Set(settings.SEGMENTS).size !== settings.SEGMENTS.length)
    faults.push('SEGMENTS names one segment twice');
  if (new Set(portsOf(settings)).size !== portsOf(settings).length)
    faults.push('WEB_PORT, CLASSIFIER_PORT and SYNC_PORT must differ');
  return faults;
}

function shadowFaults(settings: Settings): string[] {
  const { SHADOW_MODEL_DIR: dir, CANARY_SHARE: share } = settings;
  if (dir === undefined)
    return share > 0
      ? [`CANARY_SHARE=${share} needs SHADOW_MODEL_DIR: the model that gets the share`]
      : [];
  const faults: string[] = [];
  if (settings.CLASSIFIER_MODEL_VERSION !== undefined)
    faults.push(
      'CLASSIFIER_MODEL_VERSION and SHADOW_MODEL_DIR exclude each other: the answers of both models would have one version',
    );
  if (settings.CLASSES_FILE !== undefined && !settings.ROLES.includes('classifier'))
    faults.push(
      'SHADOW_MODEL_DIR and CLASSES_FILE exclude each other: without a classifier here, predictions are only reported',
    );
  return faults;
}

const portsOf = (settings: Settings): number[] => [
  settings.WEB_PORT,
  settings.CLASSIFIER_PORT,
  settings.SYNC_PORT,
];

function withDerived(settings: Settings): Config {
  const local = (localPort: number): string => `http://127.0.0.1:${localPort}`;
  const labelStudioUrl = settings.LABEL_STUDIO_URL ?? local(settings.LABEL_STUDIO_PORT);
  const labelStudioPublicUrl = settings.LABEL_STUDIO_PUBLIC_URL ?? labelStudioUrl;
  return {
    ...settings,
    PUBLIC_URL: settings.PUBLIC_URL ?? local(settings.WEB_PORT),
    CLASSIFIER_URL: settings.CLASSIFIER_URL ?? local(settings.CLASSIFIER_PORT),
    LABEL_STUDIO_URL: labelStudioUrl,
    LABEL_STUDIO_PUBLIC_URL: labelStudioPublicUrl,
    WEBHOOK_URL: settings.WEBHOOK_URL ?? `${local(settings.SYNC_PORT)}/webhooks/label-studio`,
    ALLOWED_LABEL_STUDIO_ORIGINS:
      settings.ALLOWED_LABEL_STUDIO_ORIGINS ?? originsOf(labelStudioPublicUrl),
  };
}

/** A local Label Studio is opened as 127.0.0.1 or as localhost: to a browser these are two origins. */
function originsOf(url: string): string[] {
  const { origin, hostname, port: urlPort, protocol } = new URL(url);
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') return [origin];
  return ['127.0.0.1', 'localhost'].map(
    (host) => `${protocol}//${host}${urlPort === '' ? '' : `:${urlPort}`}`,
  );
}
