import type { settingsSchema } from '../../src/config/settings-schema.ts';

export type SettingName = keyof (typeof settingsSchema)['shape'];

/** What a setting does, and what holds when it is not set, where no fixed default does. */
export interface Description {
  readonly text: string;
  readonly unset?: string;
  /** What it may be, where the schema does not say it in words. */
  readonly values?: string;
}

type Group = readonly [
  title: string,
  settings: Readonly<Partial<Record<SettingName, Description>>>,
];

const URL_VALUES = 'an http or https address';
const MADE = 'made by the first start';

/** Every setting, in the order in which somebody looks for them. A test holds this list to the schema. */
export const GROUPS: readonly Group[] = [
  [
    'What runs where',
    {
      ROLES: { text: 'What this process does.' },
      DATA_DIR: { text: 'Where records, images, secrets and logs live.', values: 'a folder' },
      HOST: {
        text: 'Address that everything listens on. Anything but the default opens it to others: put TLS in front (docs/operations.md).',
        values: 'an address of this machine',
      },
      WEB_PORT: { text: 'Port of web: upload, pages, images.' },
      CLASSIFIER_PORT: { text: 'Port of the classifier.' },
      SYNC_PORT: { text: 'Port of the sync: webhooks, runs.' },
      PUBLIC_URL: {
        text: 'Web as browsers of users and annotators reach it. Image addresses in tasks begin with it.',
        unset: 'the local address',
        values: URL_VALUES,
      },
      TRUST_PROXY: { text: 'How many reverse proxies stand in front of web.' },
      DRAIN_SECONDS: {
        text: 'After SIGTERM the program says at `/readyz` that it leaves, and answers for this long before it closes its ports: as long as the load balancer takes to notice.',
      },
      LOG_LEVEL: { text: 'How much is logged.' },
    },
  ],
  [
    'The model',
    {
      MODEL_DIR: {
        text: 'The model: a folder with model.onnx and model.json.',
        values: 'a folder',
      },
      SHADOW_MODEL_DIR: {
        text: 'A second model of the same classes: it is asked about the same uploads when there is time, and where the two differ people decide (docs/retraining.md). The same for every role.',
        unset: 'no second model',
        values: 'a folder',
      },
      CANARY_SHARE: {
        text: 'Share of uploads that the model which does not serve answers for real.',
      },
      CLASSIFIER_URL: {
        text: 'The classifier that web asks.',
        unset: 'the local one',
        values: URL_VALUES,
      },
      CLASSIFIER_MODEL_VERSION: {
        text: 'Model version that all answers of the classifier are recorded under, in place of the one that they name.',
        unset: 'from its answers',
        values: 'up to 200 characters',
      },
      CLASSES_FILE: {
        text: 'The classes, where predictions are only reported and no model is here: a JSON list of names.',
        unset: 'the classes of the model',
        values: 'a file',
      },
      CLASSIFIER_WORKERS: {
        text: 'Threads that run the model, each with a session of its own.',
        unset: 'one more than processors',
      },
      DRIFT_REFERENCE: {
        text: 'What drift detection compares with: a file of `npm run drift-reference`. One that is missing or of another model is learned anew from the first 500 predictions, and kept there.',
        unset: 'drift-reference.json in DATA_DIR',
        values: 'a file',
      },
      RATE_LIMIT_PER_MINUTE: {
        text: 'Images that one client (an IPv4 address, an IPv6 /64) may send to web, and to the classifier, in a minute; the next one is answered 429 with Retry-After. 0 is no limit. Never applied to loopback without forwarding headers. Where web and the classifier are apart, set it for web: to the classifier, web is one client.',
      },
      REPORT_RATE_LIMIT_PER_MINUTE: {
        text: 'The same for predictions that other services report.',
      },
      QUEUE_LIMIT: {
        text: 'Images that may wait for a worker; the next one is answered 503 with Retry-After.',
        unset: '4 for each worker',
      },
      SEGMENTS: {
        text: 'Names of the parts of the traffic to tell apart, at most 20.',
        unset: 'none',
        values: 'names with commas',
      },
    },
  ],
  [
    'Which predictions are labelled',
    {
      LABEL_BUDGET_PER_DAY: { text: 'Tasks that annotators can do in a UTC day.' },
      SHARE_RANDOM: {
        text: 'Share of the budget that is a plain random sample: what the cross-check stands on.',
      },
      SHARE_LOW_CONFIDENCE: { text: 'Share for predictions the model was unsure of.' },
      SHARE_DISPUTED: {
        text: 'Share for predictions that users flagged or corrected, or on which a second model differs.',
      },
      DESIGN: {
        text: 'How the budget is spread: by the shares above, or by confidence (the shares are not used then).',
      },
      LOW_CONFIDENCE_THRESHOLD: {
        text: 'Below it a prediction is low-confidence.',
        unset: 'from model.json, else 0.7',
        values: 'a number from 0 to 1',
      },
      PUSH_DELAY_SECONDS: {
        text: 'Age at which a prediction may be selected, so that a flag given at once still counts.',
      },
    },
  ],
  [
    'Labelling',
    {
      LABEL_STUDIO_URL: {
        text: 'A Label Studio of your own; npm start starts none then. Needs LABEL_STUDIO_TOKEN.',
        unset: 'the one that npm start starts',
        values: URL_VALUES,
      },
      LABEL_STUDIO_PUBLIC_URL: {
        text: 'Label Studio as annotators’ browsers reach it.',
        unset: 'LABEL_STUDIO_URL',
        values: URL_VALUES,
      },
      LABEL_STUDIO_PORT: { text: 'Port of the Label Studio that npm start starts.' },
      ALLOWED_LABEL_STUDIO_ORIGINS: {
        text: 'Origins whose pages may load images from web.',
        unset: 'that of LABEL_STUDIO_PUBLIC_URL (127.0.0.1 and localhost for a local one)',
        values: 'origins with commas',
      },
      WEBHOOK_URL: {
        text: 'The sync’s webhook as Label Studio reaches it. Webhooks only make labels arrive sooner.',
        unset: 'the local address',
        values: URL_VALUES,
      },
      PROJECT_PREFIX: {
        text: 'Begins the titles of the three projects.',
        values: 'up to 35 characters',
      },
      SYNC_CRON: {
        text: 'When the sync runs: a cron expression with seconds.',
        values: 'six fields',
      },
      DEDUPLICATE: {
        text: 'Whether a selected prediction joins the task of an earlier one with the same image instead of getting a task of its own. The task’s label counts for each; probabilities and intervals stay as they are.',
      },
      REVEAL_PREDICTION: {
        text: 'Whether tasks of Low Confidence and Disputed show the model’s answer. Their labels are then anchored, and the accuracy, with all that is told beside it, uses the random part only.',
      },
      ANNOTATIONS_PER_TASK: { text: 'Annotators that each task is given to.' },
      OVERLAP_SHARE: {
        text: 'Share of the random part that gets a second annotator, once two people annotate, to measure agreement.',
      },
      LABEL_SLA_DAYS: {
        text: 'Days that a tie waits for one more annotator before it counts by its vote share, and that a task waits for the image of a reported prediction.',
      },
      FLAG_HORIZON_DAYS: {
        text: 'Days within which feedback may still bring a prediction into the sample.',
      },
      IMAGE_URL_DAYS: { text: 'Life of an image address; renewed in tasks that are still open.' },
    },
  ],
  [
    'Accuracy',
    {
      TARGET_ACCURACY: {
        text: 'What the model should reach: the alarm and the page compare with it.',
      },
      RETRAIN_WEBHOOK_URL: {
        text: 'Told when the accuracy is below its target, and by schedule: docs/retraining.md.',
        unset: 'nobody is told',
      },
      RETRAIN_EVERY_DAYS: {
        text: 'Also told so many days after the last time. 0: only when the accuracy is below its target.',
      },
      WINDOWS: {
        text: 'Rolling windows of prediction time.',
        values: 'such as 6h, 1d, 30d or all, with commas',
      },
      ACCURACY_PUBLIC: { text: 'Whether anybody may read /accuracy and /api/accuracy.' },
    },
  ],
  [
    'Records and images',
    {
      STORE: { text: 'Where records live: a file (one process), or Redis (any number).' },
      REDIS_URL: {
        text: 'Redis, for STORE=redis.',
        unset: 'none',
        values: 'redis:// or rediss://',
      },
      REDIS_DURABILITY: {
        text: 'What a Redis that may lose what it acknowledged (no `appendfsync always`, no `noeviction`) does to the start: `required` refuses it, `warn` says so and goes on.',
      },
      OBJECTS: { text: 'Where images live: DATA_DIR, or an S3 bucket.' },
      S3_ENDPOINT: { text: 'S3 server, for OBJECTS=s3.', unset: 'AWS', values: URL_VALUES },
      S3_BUCKET: { text: 'Bucket, for OBJECTS=s3.', unset: 'none', values: '3 to 63 characters' },
      S3_REGION: { text: 'Region, for OBJECTS=s3.', values: 'a region' },
      AWS_ACCESS_KEY_ID: {
        text: 'Key of the S3 server, for OBJECTS=s3.',
        unset: "the AWS client's own chain",
      },
      AWS_SECRET_ACCESS_KEY: {
        text: 'Secret that goes with the key.',
        unset: "the AWS client's own chain",
      },
      RETENTION_DAYS: {
        text: 'Days after which predictions that nobody selected are forgotten; no estimate changes.',
      },
      UPLOAD_BYTES_MAX: { text: 'Largest upload, in bytes.' },
      UPLOAD_PIXELS_MAX: { text: 'Largest upload, in pixels.' },
      ALLOWED_IMAGE_HOSTS: {
        text: 'Hosts from which reported predictions may have their images fetched (`image_url`), with commas, each with `:port` unless it is 443 or 80. Addresses in private networks are never fetched from.',
        unset: 'none',
      },
    },
  ],
  [
    'Monitoring beside npm start',
    {
      PROMETHEUS_PORT: { text: 'Port of Prometheus, started when it is on the PATH.' },
      GRAFANA_PORT: { text: 'Port of Grafana, started when it is on the PATH.' },
      ALERTMANAGER_PORT: { text: 'Port on which Prometheus looks for an Alertmanager.' },
    },
  ],
  [
    'Secrets',
    {
      LABEL_STUDIO_USERNAME: {
        text: 'Account in the Label Studio that npm start starts.',
        unset: MADE,
        values: 'an e-mail address',
      },
      LABEL_STUDIO_PASSWORD: { text: 'Its password.', unset: MADE },
      LABEL_STUDIO_TOKEN: {
        text: 'Token for Label Studio’s API: a legacy token or a personal access token, told apart by shape.',
        unset: 'made by the first start, unless LABEL_STUDIO_URL is set',
        values: 'at least 16 characters',
      },
      WEBHOOK_SECRET: { text: 'Sent by Label Studio’s webhooks.', unset: MADE },
      RETRAIN_WEBHOOK_SECRET: {
        text: 'Signs what RETRAIN_WEBHOOK_URL is sent (Standard Webhooks).',
        unset: MADE,
      },
      INGEST_KEY: { text: 'Shown by services that report predictions.', unset: MADE },
      IMAGE_URL_KEY: { text: 'Signs image addresses.', unset: MADE },
      SAMPLING_KEY: {
        text: 'Decides which predictions are drawn. Never changes in a deployment’s life.',
        unset: MADE,
      },
      OPS_KEY: {
        text: 'Opens /metrics, /accuracy and the routes for whoever runs the service: `Authorization: Bearer ...`.',
        unset: MADE,
      },
    },
  ],
];
