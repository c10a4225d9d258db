// @ts-check
// Prometheus and Grafana beside the program, with the repository's own configuration and this installation's ports.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** @typedef {Readonly<Record<string, any>>} Config */
/** @typedef {{ static_configs?: { targets: string[], labels?: Record<string, string> }[] }} TargetGroups */
/** @typedef {TargetGroups & { job_name: string, authorization?: Record<string, string> }} Job */
/** @typedef {{ scrape_configs: Job[], rule_files?: string[], alerting?: { alertmanagers: TargetGroups[] } }} PrometheusConfig */

/** Job -> the role that must run here, and the setting of its port. */
const JOBS = /** @type {const} */ ({
  food11: { role: 'classifier', setting: 'CLASSIFIER_PORT' },
  web: { role: 'web', setting: 'WEB_PORT' },
  sync: { role: 'sync', setting: 'SYNC_PORT' },
  prometheus: { role: null, setting: 'PROMETHEUS_PORT' },
});

/**
 * The repository's Prometheus configuration with the addresses of this installation. Jobs of what does not run here are
 * left out: a target that can't be there would only ring the alarm.
 * @param {PrometheusConfig} shipped as parsed from prometheus/prometheus.yml
 * @param {Config} config
 * @param {{ rulesFolder: string, opsKeyFile: string }} places
 * @returns {PrometheusConfig}
 */
export function localPrometheusConfig(shipped, config, { rulesFolder, opsKeyFile }) {
  const at = (/** @type {string} */ setting) => [{ targets: [`127.0.0.1:${config[setting]}`] }];
  const jobs = shipped.scrape_configs.flatMap((job) => {
    const known = JOBS[/** @type {keyof typeof JOBS} */ (job.job_name)];
    if (known === undefined) return [];
    if (known.role !== null && !config['ROLES'].includes(known.role)) return [];
    const labels = job.static_configs?.[0]?.labels;
    const targets = at(known.setting).map((group) => ({ ...group, ...(labels && { labels }) }));
    const key = job.authorization && {
      authorization: { ...job.authorization, credentials_file: opsKeyFile },
    };
    return [{ ...job, ...key, static_configs: targets }];
  });
  const alertmanagers = shipped.alerting?.alertmanagers.map((group) => ({
    ...group,
    static_configs: at('ALERTMANAGER_PORT'),
  }));
  return {
    ...shipped,
    scrape_configs: jobs,
    ...(shipped.rule_files && {
      rule_files: shipped.rule_files.map((file) => path.resolve(rulesFolder, file)),
    }),
    ...(alertmanagers && { alerting: { ...shipped.alerting, alertmanagers } }),
  };
}

/**
 * Writes this installation's Prometheus configuration and says how to run it.
 * @param {{ root: string, dataDir: string, config: Config, command: string }} where
 */
export async function preparePrometheus({ root, dataDir, config, command }) {
  const { parse, stringify } = await import('yaml');
  const folder = path.join(dataDir, 'prometheus');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const opsKeyFile = path.join(folder, 'ops-key');
  writeFileSync(opsKeyFile, config['OPS_KEY'], { mode: 0o600 });
  const rulesFolder = path.join(root, 'prometheus');
  const shipped = parse(readFileSync(path.join(rulesFolder, 'prometheus.yml'), 'utf8'));
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    stringify(localPrometheusConfig(shipped, config, { rulesFolder, opsKeyFile })),
  );
  return {
    name: 'Prometheus',
    command,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
      `--web.listen-address=${config['HOST']}:${config['PROMETHEUS_PORT']}`,
    ],
    cwd: folder,
  };
}

/** Where packages and archives put Grafana's own files, seen from its binary. */
const GRAFANA_HOMES = ['/usr/share/grafana', '../share/grafana', '..'];

/**
 * Says how to run Grafana with the repository's dashboards. Its administrator gets a password made for this installation.
 * @param {{ root: string, dataDir: string, config: Config, command: string, env: Record<string, string | undefined> }} where
 */
export function prepareGrafana({ root, dataDir, config, command, env }) {
  const folder = path.join(dataDir, 'grafana');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passwordFile = path.join(folder, 'admin-password');
  if (!existsSync(passwordFile)) {
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  const home = GRAFANA_HOMES.map((place) => path.resolve(path.dirname(command), place)).find(
    (place) => existsSync(path.join(place, 'conf', 'defaults.ini')),
  );
  return {
    name: 'Grafana',
    command,
    args: [
      ...(path.basename(command) === 'grafana' ? ['server'] : []),
      ...(home === undefined ? [] : ['--homepath', home]),
    ],
    env: {
      ...env,
      GF_PATHS_DATA: folder,
      GF_PATHS_LOGS: path.join(folder, 'logs'),
      GF_PATHS_PLUGINS: path.join(folder, 'plugins'),
      GF_PATHS_PROVISIONING: path.join(root, 'grafana', 'provisioning'),
      GF_SERVER_HTTP_ADDR: config['HOST'],
      GF_SERVER_HTTP_PORT: String(config['GRAFANA_PORT']),
      GF_SECURITY_ADMIN_PASSWORD__FILE: passwordFile,
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      PROMETHEUS_URL: `http://127.0.0.1:${config['PROMETHEUS_PORT']}`,
      GRAFANA_DASHBOARDS: path.join(root, 'grafana', 'dashboards'),
    },
    cwd: folder,
    passwordFile,
  };
}
