type Values = Readonly<Record<string, string | undefined>>;

/** Published on 127.0.0.1 -> what answers there. */
const LOCAL = [
  { setting: 'WEB_PORT', port: 5000, what: 'upload a photo, accuracy' },
  { setting: 'LABEL_STUDIO_PORT', port: 8080, what: 'Label Studio' },
  { setting: 'GRAFANA_PORT', port: 3000, what: 'Grafana' },
  { setting: 'PROMETHEUS_PORT', port: 9090, what: 'Prometheus' },
] as const;

/**
 * What to type next, and where everything will be.
 * @param values content of compose/.env
 * @param machine for the tunnel command, where no domain makes the stack reachable
 */
export function nextSteps(
  values: Values,
  machine: { readonly user: string; readonly host: string },
): string {
  const lines = [
    '',
    'Start:  docker compose -f compose/compose.yaml up --detach --wait',
    `Log in: Label Studio as ${values['LABEL_STUDIO_USERNAME'] ?? ''}, Grafana as admin; LABEL_STUDIO_PASSWORD and GRAFANA_PASSWORD are in compose/.env`,
    '',
    ...((values['DOMAIN'] ?? '') === '' ? local(values, machine) : reachable(values)),
  ];
  return lines.join('\n');
}

function local(
  values: Values,
  { user, host }: { readonly user: string; readonly host: string },
): string[] {
  const places = LOCAL.map(({ setting, port, what }) => {
    const value = values[setting] ?? '';
    // A range stands for several replicas: the first one is as good as any.
    return { what, port: value === '' ? String(port) : (value.split('-')[0] ?? '') };
  });
  const forwards = places.map(({ port }) => `-L ${port}:127.0.0.1:${port}`).join(' ');
  return [
    'Everything answers on 127.0.0.1 alone:',
    ...places.map(({ what, port }) => `  http://127.0.0.1:${port}  ${what}`),
    '',
    'From another machine, through a tunnel (leave it open, then use the addresses above there):',
    `  ssh -N ${forwards} ${user}@${host}`,
    '',
    'For others to reach it, point a host name at this machine and run: npm run secrets -- --domain NAME',
  ];
}

const reachable = (values: Values): string[] => [
  `Reachable once ${values['DOMAIN'] ?? ''} points here and ports 80 and 443 are open:`,
  `  https://${values['DOMAIN'] ?? ''}/  upload a photo`,
  `  https://${values['DOMAIN'] ?? ''}/label-studio/  Label Studio`,
  `  https://${values['DOMAIN'] ?? ''}/grafana/  Grafana`,
];
