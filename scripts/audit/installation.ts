import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

import { z } from 'zod';

import { dataDirOf } from '../../src/config/data-dir.ts';
import { type Config, parseConfig } from '../../src/config/parse-config.ts';
import { withDotEnv, withSecrets } from '../../src/config/secrets-file.ts';
import { syncPath, writeDurably } from '../../src/files/durable-files.ts';
import { UsageError } from '../records/run-command.ts';
import type { LogSummary } from './read-log.ts';

/** Settings of the service that hold for its audits too; all else an audit has for itself. */
const SHARED = [
  'HOST',
  'TRUST_PROXY',
  'LABEL_STUDIO_URL',
  'LABEL_STUDIO_PUBLIC_URL',
  'LABEL_STUDIO_PORT',
  'LABEL_STUDIO_TOKEN',
  'LABEL_STUDIO_USERNAME',
  'LABEL_STUDIO_PASSWORD',
  'ALLOWED_LABEL_STUDIO_ORIGINS',
  'ANNOTATIONS_PER_TASK',
  'OVERLAP_SHARE',
  'LABEL_SLA_DAYS',
  'IMAGE_URL_DAYS',
  'TARGET_ACCURACY',
  'UPLOAD_BYTES_MAX',
  'UPLOAD_PIXELS_MAX',
] as const;

/** Label Studio's titles hold it, and folders. */
export const NAME = /^[\w][\w .-]{0,34}$/;

const planSchema = z.object({
  log_sha256: z.string(),
  budget: z.number(),
  classes: z.array(z.string()),
  predictions: z.number(),
  missing_images: z.number(),
  started_at: z.string(),
});

/** What an audit began with: kept in its folder and never changed, or a second sample would be drawn. */
export interface Plan {
  readonly digest: string;
  /** Tasks. */
  readonly budget: number;
  readonly classes: readonly string[];
  /** Rows with an image: the population. */
  readonly predictions: number;
  readonly missingImages: number;
  /** When all rows count as recorded, ms. */
  readonly startedAt: number;
}

/** Where an audit keeps everything. */
export interface Installation {
  readonly folder: string;
  readonly plan: Plan;
  readonly config: Config;
}

/**
 * Opens an audit, begun before or new: a small installation of its own below the service's folder.
 * @param now ms, the beginning of a new one
 * @throws UsageError when it began with another log, budget or classes; ConfigInvalid
 */
export async function openInstallation(
  options: {
    readonly name: string;
    readonly budget: number;
    readonly port: number;
    readonly publicUrl: string | null;
  },
  log: LogSummary,
  now: number,
): Promise<Installation> {
  const env = withDotEnv(process.env, path.resolve('.env'));
  const dataDir = dataDirOf(env);
  const folder = path.resolve(dataDir, 'audits', options.name);
  const warn = (message: string): void => void process.stderr.write(`${message}\n`);
  const service = withSecrets(env, dataDir, warn);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const plan = await keepPlan(path.join(folder, 'audit.json'), options, {
    digest: log.digest,
    budget: options.budget,
    classes: log.classes,
    predictions: log.withImage,
    missingImages: log.missing.length,
    startedAt: now,
  });
  if (log.missing.length > 0) writeFileSync(missingFile(folder), `${log.missing.join('\n')}\n`);
  const classesFile = path.join(folder, 'classes.json');
  writeFileSync(classesFile, JSON.stringify(plan.classes));
  const own = {
    DATA_DIR: folder,
    ROLES: 'web,sync',
    CLASSES_FILE: classesFile,
    PROJECT_PREFIX: options.name,
    WEB_PORT: String(options.port),
    PUBLIC_URL: options.publicUrl ?? undefined,
    // One design for all: what people label is spent where it tells most about the accuracy, in one project.
    DESIGN: 'confidence',
    LOW_CONFIDENCE_THRESHOLD: '0',
    LABEL_BUDGET_PER_DAY: String(plan.budget),
    PUSH_DELAY_SECONDS: '0',
    WINDOWS: 'all',
  };
  const shared = Object.fromEntries(SHARED.map((name) => [name, service[name]]));
  return { folder, plan, config: parseConfig(withSecrets({ ...shared, ...own }, folder, warn)) };
}

export const missingFile = (folder: string): string => path.join(folder, 'missing-images.txt');

/** The plan that the folder keeps, after writing it where it is new. */
async function keepPlan(
  file: string,
  { name }: { readonly name: string },
  fresh: Plan,
): Promise<Plan> {
  if (!existsSync(file)) {
    await writePlan(file, fresh);
    return fresh;
  }
  const kept = fromJson(planSchema.parse(JSON.parse(readFileSync(file, 'utf8'))));
  const changed = [
    ...(kept.digest === fresh.digest ? [] : ['with another log (or this file has changed since)']),
    ...(kept.budget === fresh.budget ? [] : [`with --budget ${kept.budget}`]),
    ...(kept.classes.join('\n') === fresh.classes.join('\n')
      ? []
      : [`with the classes ${kept.classes.join(', ')}`]),
  ];
  if (changed.length === 0) return kept;
  throw new UsageError(
    `The audit "${name}" began ${changed.join(' and ')}: go on with the same, or give this one another name with --name.`,
  );
}

/** Whole and on the disk, or not at all; never over the one of another start at the same time. */
async function writePlan(file: string, plan: Plan): Promise<void> {
  const partial = `${file}.${process.pid}`;
  try {
    await writeDurably(partial, `${JSON.stringify(toJson(plan), null, 2)}\n`);
    await link(partial, file);
    await syncPath(path.dirname(file));
  } finally {
    await rm(partial, { force: true });
  }
}

const toJson = (plan: Plan): z.input<typeof planSchema> => ({
  log_sha256: plan.digest,
  budget: plan.budget,
  classes: [...plan.classes],
  predictions: plan.predictions,
  missing_images: plan.missingImages,
  started_at: new Date(plan.startedAt).toISOString(),
});

const fromJson = (plan: z.output<typeof planSchema>): Plan => ({
  digest: plan.log_sha256,
  budget: plan.budget,
  classes: plan.classes,
  predictions: plan.predictions,
  missingImages: plan.missing_images,
  startedAt: Date.parse(plan.started_at),
});
