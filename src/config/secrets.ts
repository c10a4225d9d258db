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
