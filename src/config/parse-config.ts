import { ConfigInvalid } from '../domain/errors.ts';
import { contradictions } from './contradictions.ts';
import { SECRET_NAMES } from './secrets.ts';
import { type Settings, settingsSchema } from './settings-schema.ts';

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
  'RETRAIN_WEBHOOK_URL',
]);

function describeFault(name: string, env: Environment, message: string): string {
  const value = env[name];
  const isSecret = HIDDEN.has(name);
  const field = settingsSchema.shape[name as keyof typeof settingsSchema.shape];
  const rule = (field.meta()?.['rule'] as string | undefined) ?? message;
  if (value === undefined || value === '') return `${name} is not set: ${rule}`;
  return `${name}=${isSecret ? '(hidden)' : value}: expected ${rule}`;
}

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
