// @ts-check

/** @typedef {Readonly<Record<string, any>>} Config */

/**
 * Where to go and how to log in.
 * @param {object} what
 * @param {Config} what.config
 * @param {import('./launch.mjs').Beside} what.beside
 * @param {string} what.dataDir as a person would write it
 * @param {string | null} what.grafanaPasswordFile
 * @param {number} what.seconds since the start
 */
export function summarize({ config, beside, dataDir, grafanaPasswordFile, seconds }) {
  const has = (/** @type {string} */ role) => config['ROLES'].includes(role);
  const local = (/** @type {string} */ setting) => `http://127.0.0.1:${config[setting]}`;
  /** @type {[string, string][]} */
  const lines = [];
  if (has('web')) {
    const isReporting = config['CLASSES_FILE'] !== undefined && !has('classifier');
    lines.push(
      isReporting
        ? ['Report predictions', `${config['PUBLIC_URL']}/docs`]
        : ['Upload a photo', `${config['PUBLIC_URL']}/`],
    );
    lines.push(['Accuracy', `${config['PUBLIC_URL']}/accuracy`]);
    lines.push(['Operations', `${config['PUBLIC_URL']}/ops`]);
    lines.push(['  key', `OPS_KEY in ${dataDir}/secrets.env`]);
  }
  if (has('classifier')) lines.push(['Classifier API', `${local('CLASSIFIER_PORT')}/docs`]);
  if (has('sync')) lines.push(['Label Studio', `${config['LABEL_STUDIO_PUBLIC_URL']}/`]);
  if (beside.labelStudio) {
    lines.push(['  user', config['LABEL_STUDIO_USERNAME']]);
    lines.push(['  password', config['LABEL_STUDIO_PASSWORD']]);
  }
  if (beside.prometheus !== null) lines.push(['Prometheus', `${local('PROMETHEUS_PORT')}/`]);
  if (beside.grafana !== null) {
    lines.push(['Grafana', `${local('GRAFANA_PORT')}/`]);
    lines.push(['  user, password', `admin, the one in ${grafanaPasswordFile}`]);
  }
  lines.push(['Logs, secrets', `${dataDir}/logs/, ${dataDir}/secrets.env`]);
  const width = Math.max(...lines.map(([title]) => title.length));
  const table = lines.map(([title, text]) => `  ${title.padEnd(width)}  ${text}`).join('\n');
  const invite = has('sync') ? '\nInvite annotators with: npm run invite' : '';
  return `\nTruthloop is running (ready after ${seconds} s).\n\n${table}\n${invite}\nCtrl-C ends all of it.`;
}
