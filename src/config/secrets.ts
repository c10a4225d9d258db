import { randomBytes } from 'node:crypto';

/** What the first start makes into DATA_DIR/secrets.env where it is not set. */
export const SECRET_NAMES = [
  'LABEL_STUDIO_USERNAME',
  'LABEL_STUDIO_PASSWORD',
  'LABEL_STUDIO_TOKEN',
  'WEBHOOK_SECRET',
  'RETRAIN_WEBHOOK_SECRET',
  'INGEST_KEY',
  'IMAGE_URL_KEY',
  'SAMPLING_KEY',
  'OPS_KEY',
] as const;
export type SecretName = (typeof SECRET_NAMES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

/**
 * Which secrets are to be made: those that are neither set nor kept. Several processes that share a store must share
 * their secrets, so with Redis none is made; and the token of a Label Studio that somebody else runs can't be invented.
 */
export function secretsToMake(env: Environment, kept: Environment): readonly SecretName[] {
  if (env['STORE'] === 'redis') return [];
  return SECRET_NAMES.filter((name) => !isSet(env[name]) && !isSet(kept[name])).filter(
    (name) => name !== 'LABEL_STUDIO_TOKEN' || !isSet(env['LABEL_STUDIO_URL']),
  );
}

/** A new value: 32 random bytes; Label Studio's legacy tokens are 20 bytes in hex, and its user is an address. */
export function makeSecret(name: SecretName): string {
  if (name === 'LABEL_STUDIO_USERNAME') return 'admin@truthloop.localhost';
  if (name === 'LABEL_STUDIO_TOKEN') return randomBytes(20).toString('hex');
  // The form in which Standard Webhooks libraries take it.
  if (name === 'RETRAIN_WEBHOOK_SECRET') return webhookSecret();
  return randomBytes(32).toString('base64url');
}

/** Base64, as Standard Webhooks asks for, that means the same to Compose and in an address: no `+`, `/` or `=`. */
function webhookSecret(): string {
  for (;;) {
    const key = randomBytes(33).toString('base64');
    if (/^[A-Za-z0-9]+$/.test(key)) return `whsec_${key}`;
  }
}
