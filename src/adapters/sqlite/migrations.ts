/**
 * The database's form, one entry a version; an entry never changes once released. Times are ms since the epoch.
 *
 * `units` repeats what an estimate needs of each selected prediction, so that reading a window's units costs what its
 * labels cost, wherever they lie among all predictions. `population` holds each hour and each day; see population.ts.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE predictions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    model_version TEXT NOT NULL,
    predicted_class TEXT NOT NULL,
    confidence REAL NOT NULL,
    probabilities TEXT,
    segment TEXT NOT NULL,
    object_key TEXT,
    content_digest TEXT NOT NULL,
    is_low_confidence INTEGER NOT NULL,
    policy_id TEXT NOT NULL,
    rate_random REAL NOT NULL,
    rate_low_confidence REAL NOT NULL,
    rate_disputed REAL NOT NULL,
    rate_spare REAL NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT,
    is_disputed INTEGER NOT NULL DEFAULT 0,
    awaits_revision INTEGER NOT NULL DEFAULT 0,
    is_erased INTEGER NOT NULL DEFAULT 0,
    batch_id TEXT,
    decided_at INTEGER,
    pi REAL,
    q REAL,
    is_selected INTEGER,
    is_random INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX predictions_external ON predictions (external_id) WHERE external_id IS NOT NULL;
  CREATE INDEX predictions_object ON predictions (object_key) WHERE object_key IS NOT NULL;
  CREATE INDEX predictions_undecided ON predictions (recorded_at) WHERE pi IS NULL;
  CREATE INDEX predictions_revision ON predictions (number) WHERE awaits_revision = 1;
  CREATE INDEX predictions_forgettable ON predictions (recorded_at) WHERE is_selected = 0 AND awaits_revision = 0;

  CREATE TABLE feedback (
    number INTEGER PRIMARY KEY,
    prediction_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    suggested_class TEXT,
    at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;
  CREATE INDEX feedback_prediction ON feedback (prediction_id);
  CREATE UNIQUE INDEX feedback_live ON feedback (prediction_id, kind) WHERE revoked_at IS NULL;
  CREATE TABLE feedback_hours (
    model_version TEXT NOT NULL,
    hour INTEGER NOT NULL,
    flag INTEGER NOT NULL DEFAULT 0,
    correction INTEGER NOT NULL DEFAULT 0,
    confirmation INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_version, hour)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE versions (
    model_version TEXT PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE population (
    model_version TEXT NOT NULL,
    is_day INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    segment TEXT NOT NULL,
    predicted_class TEXT NOT NULL,
    sums BLOB NOT NULL,
    PRIMARY KEY (model_version, is_day, from_at, segment, predicted_class)
  ) STRICT;
  CREATE INDEX population_hours ON population (from_at) WHERE is_day = 0;
  CREATE TABLE population_days (
    model_version TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (model_version, from_at)
  ) STRICT;
  CREATE TABLE class_probabilities (
    model_version TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    predicted_class TEXT NOT NULL,
    sums TEXT NOT NULL,
    PRIMARY KEY (model_version, from_at, predicted_class)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE arrivals (
    hour INTEGER PRIMARY KEY,
    plain INTEGER NOT NULL DEFAULT 0,
    low INTEGER NOT NULL DEFAULT 0,
    disputed INTEGER NOT NULL DEFAULT 0,
    both INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE policies (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    made_at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX policies_newest ON policies (made_at);
  CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    decided_at INTEGER NOT NULL,
    tau REAL NOT NULL,
    floor REAL NOT NULL,
    budget_left REAL NOT NULL,
    candidates INTEGER NOT NULL,
    selected INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE selected_days (day INTEGER PRIMARY KEY, tasks INTEGER NOT NULL) STRICT;

  CREATE TABLE units (
    number INTEGER PRIMARY KEY,
    prediction_id TEXT NOT NULL UNIQUE,
    model_version TEXT NOT NULL,
    at INTEGER NOT NULL,
    segment TEXT NOT NULL,
    predicted_class TEXT NOT NULL,
    confidence REAL NOT NULL,
    probabilities TEXT,
    is_low_confidence INTEGER NOT NULL,
    is_disputed INTEGER NOT NULL,
    pi REAL NOT NULL,
    q REAL NOT NULL,
    is_random INTEGER NOT NULL,
    reasons TEXT NOT NULL,
    has_flag INTEGER NOT NULL,
    correction TEXT,
    is_erased INTEGER NOT NULL DEFAULT 0,
    project TEXT,
    project_id INTEGER,
    task_id INTEGER,
    pushed_at INTEGER,
    annotators_wanted INTEGER NOT NULL DEFAULT 1,
    annotations TEXT NOT NULL DEFAULT '[]',
    verdict TEXT NOT NULL DEFAULT '{"kind":"pending"}',
    verdict_kind TEXT NOT NULL DEFAULT 'pending',
    tie_since INTEGER,
    reached_at INTEGER,
    deleted_at INTEGER
  ) STRICT;
  CREATE INDEX units_window ON units (model_version, at);
  CREATE INDEX units_project ON units (project, prediction_id) WHERE task_id IS NOT NULL AND deleted_at IS NULL;
  CREATE INDEX units_reached ON units (reached_at) WHERE reached_at IS NOT NULL;
  CREATE INDEX units_open ON units (number) WHERE verdict_kind = 'pending' AND deleted_at IS NULL AND is_erased = 0;
  CREATE INDEX units_ties ON units (tie_since) WHERE tie_since IS NOT NULL AND deleted_at IS NULL;
  CREATE TABLE annotation_history (
    number INTEGER PRIMARY KEY,
    prediction_id TEXT NOT NULL,
    annotation_id INTEGER NOT NULL,
    noted_at INTEGER NOT NULL,
    annotation TEXT
  ) STRICT;
  CREATE INDEX annotation_history_prediction ON annotation_history (prediction_id);
  CREATE TABLE annotators (annotator TEXT PRIMARY KEY, last_answer_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX annotators_last ON annotators (last_answer_at);

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    prediction_id TEXT NOT NULL,
    project TEXT NOT NULL,
    reasons TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    last_error TEXT,
    task_id INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX outbox_work ON outbox (prediction_id, kind, ifnull(task_id, 0));
  CREATE INDEX outbox_due ON outbox (state, kind, id);
  CREATE TABLE projects (kind TEXT PRIMARY KEY, project_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE watermarks (project_id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;

  CREATE TABLE estimates (
    model_version TEXT NOT NULL,
    window TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (model_version, window, as_of)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE latest_estimates (
    model_version TEXT NOT NULL,
    window TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (model_version, window)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
  CREATE TABLE leases (lease TEXT PRIMARY KEY, holder TEXT, token INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;
  CREATE TABLE fingerprints (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  `,
  `
  CREATE TABLE findings (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE answers (
    name TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    prediction_id TEXT NOT NULL,
    token TEXT,
    until INTEGER NOT NULL,
    answer TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX answers_prediction ON answers (prediction_id);
  CREATE INDEX answers_until ON answers (until);
  `,
  // A selected prediction may join the task of another one with the same content: see shared-tasks.ts.
  `
  ALTER TABLE units ADD COLUMN content_digest TEXT NOT NULL DEFAULT '';
  ALTER TABLE units ADD COLUMN joined_to TEXT;
  UPDATE units SET content_digest =
    ifnull((SELECT content_digest FROM predictions WHERE predictions.id = units.prediction_id), '');
  CREATE INDEX units_content ON units (content_digest)
    WHERE content_digest <> '' AND joined_to IS NULL AND deleted_at IS NULL;
  CREATE INDEX units_joined ON units (joined_to) WHERE joined_to IS NOT NULL;
  DROP INDEX units_open;
  CREATE INDEX units_open ON units (number)
    WHERE verdict_kind = 'pending' AND deleted_at IS NULL AND is_erased = 0 AND joined_to IS NULL;
  `,
  `CREATE TABLE reporters (name TEXT PRIMARY KEY, key_digest TEXT NOT NULL, made_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
  `
  CREATE TABLE notices (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
  `,
  // The history keeps what is drawn over time, no longer whole estimates: see PastEstimate.
  `
  UPDATE estimates SET body = json_object(
    'asOf', as_of, 'accuracy', body -> '$.accuracy', 'lower', body -> '$.lower', 'upper', body -> '$.upper',
    'naive', body -> '$.naive', 'labels', body -> '$.labels', 'maturity', body -> '$.maturity',
    'reliable', body -> '$.reliable');
  `,
  // A second model may answer the same photos: see shadow-answers.ts.
  `
  ALTER TABLE predictions ADD COLUMN disputed_by_model INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE predictions ADD COLUMN shadow_version TEXT;
  ALTER TABLE predictions ADD COLUMN shadow_class TEXT;
  ALTER TABLE predictions ADD COLUMN shadow_confidence REAL;
  ALTER TABLE predictions ADD COLUMN shadow_at INTEGER;
  ALTER TABLE units ADD COLUMN shadow_version TEXT;
  ALTER TABLE units ADD COLUMN shadow_class TEXT;
  CREATE INDEX units_differing ON units (model_version, shadow_version, at) WHERE shadow_class <> predicted_class;
  CREATE TABLE version_pairs (
    model_version TEXT NOT NULL,
    shadow_version TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (model_version, shadow_version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pair_hours (
    model_version TEXT NOT NULL,
    shadow_version TEXT NOT NULL,
    hour INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    differ INTEGER NOT NULL,
    PRIMARY KEY (model_version, shadow_version, hour)
  ) STRICT, WITHOUT ROWID;
  `,
];
