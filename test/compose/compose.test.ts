import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { parseConfig } from '../../src/config/parse-config.ts';
import {
  COMPOSE_FOLDER,
  COMPOSE_TEXT,
  type ComposeFile,
  composeWith,
  madeSecrets,
  mebibytes,
  networksOf,
  rawCompose,
  type Service,
} from './compose-file.ts';

const ROLES = ['web', 'classifier', 'sync'] as const;
const readJson = (file: string): object =>
  JSON.parse(readFileSync(path.join(import.meta.dirname, file), 'utf8')) as object;

/** What one service needs beyond the others, and why. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Reads the control groups of every container: that takes root inside. All its mounts are read-only, and it is a profile.
  cadvisor: ['root', 'host paths'],
  // Ends by itself.
  food11: ['no health check', 'no restart'],
};
const mayHave = (name: string, exception: string): boolean =>
  EXCEPTIONS[name]?.includes(exception) ?? false;

function eachService(check: (service: Service, name: string) => void): void {
  for (const [name, service] of Object.entries(composeWith().services)) check(service, name);
}

describe('compose/compose.yaml', () => {
  it('is valid by the Compose specification', () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      readJson('schemas/compose-spec.json'),
    );
    assert.ok(validate(composeWith()), JSON.stringify(validate.errors));
    assert.ok(
      !validate({ services: { web: { imagee: 'a' } } }),
      'the schema refuses what it should',
    );
  });

  it('brings up the loop and what it needs without any profile', () => {
    const { services } = composeWith();
    const always = Object.keys(services).filter((name) => services[name]?.profiles === undefined);
    assert.deepEqual(always.sort(), [
      ...['classifier', 'grafana', 'label-studio', 'label-studio-db'],
      ...['prometheus', 'redis', 'sync', 'web'],
    ]);
    const profiles = new Set(Object.values(services).flatMap((service) => service.profiles ?? []));
    assert.deepEqual([...profiles].sort(), [
      ...['alertmanager', 'cadvisor', 'data', 'jupyter', 's3', 'tls'],
    ]);
  });

  it('fits into 4 GB with 256 MB left for the machine', () => {
    const { services } = composeWith();
    const limits = Object.values(services)
      .filter((service) => service.profiles === undefined)
      .map((service) => mebibytes(service.mem_limit ?? ''));
    const sum = limits.reduce((total, limit) => total + limit, 0);
    assert.ok(sum <= 4096 - 256, `the limits add up to ${sum} MiB`);
  });

  it('starts nothing while one secret is missing, whichever it is', () => {
    const secrets = madeSecrets();
    const required = new Set([...COMPOSE_TEXT.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    assert.ok(required.size >= 14, `${required.size} are required`);
    for (const name of required) {
      assert.ok((secrets[name ?? ''] ?? '') !== '', `npm run secrets makes ${name ?? ''}`);
      assert.throws(
        () => composeWith({ [name ?? '']: '' }),
        new RegExp(`${name ?? ''} is missing a value: run npm run secrets`),
      );
    }
  });

  it('holds no password, key or token of its own', () => {
    for (const [service, { environment = {} }] of Object.entries(rawCompose().services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (!/PASSWORD|TOKEN|SECRET|KEY|CREDENTIAL/.test(name) || /_FILE$/.test(name)) continue;
        if (name === 'LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN') continue;
        assert.match(value, /^\$\{\w+:\?run npm run secrets\}$/, `${service}: ${name}`);
      }
    }
    const { secrets } = composeWith();
    for (const { file } of Object.values(secrets)) assert.match(file, /^\.\/secrets\//);
  });

  it('publishes nothing but on 127.0.0.1 until the operator says otherwise', () => {
    eachService((service, name) => {
      for (const published of service.ports ?? []) {
        assert.match(published, /^127\.0\.0\.1:\d+:\d+$/, `${name} publishes ${published}`);
      }
    });
    const open = composeWith({ TLS_ADDRESS: '0.0.0.0' }).services;
    assert.deepEqual(open['proxy']?.ports, ['0.0.0.0:80:8080', '0.0.0.0:443:8443']);
    assert.deepEqual(open['web']?.ports, ['127.0.0.1:5000:5000']);
  });

  it('gives no container more rights than an ordinary process', () => {
    eachService((service, name) => {
      assert.equal(service.privileged, undefined, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.equal(service.cap_add, undefined, name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.equal(service.read_only, true, name);
      assert.equal(service.init, true, name);
      const isRoot = /^(0|root)(:|$)/.test(service.user ?? 'root');
      assert.equal(isRoot, mayHave(name, 'root'), `${name} runs as ${service.user ?? 'root'}`);
    });
  });

  it('bounds memory, processes and logs of every container, and lets it end in peace', () => {
    eachService((service, name) => {
      assert.ok(mebibytes(service.mem_limit ?? '') > 0, name);
      assert.ok((service.pids_limit ?? 0) > 0, name);
      assert.equal(service.logging?.options['max-size'], '10m', name);
      assert.equal(service.stop_grace_period, '30s', name);
      assert.equal(service.restart, mayHave(name, 'no restart') ? 'no' : 'unless-stopped', name);
    });
  });

  it('asks every container for its health, and starts nothing before what it needs is healthy', () => {
    const { services } = composeWith();
    eachService((service, name) => {
      assert.equal(service.healthcheck === undefined, mayHave(name, 'no health check'), name);
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.equal(condition, 'service_healthy', `${name} needs ${needed}`);
        assert.ok(services[needed]?.healthcheck !== undefined, needed);
      }
    });
    for (const role of ROLES) {
      const [, command, , script] = services[role]?.healthcheck?.test ?? [];
      assert.equal(command, 'node', `${role} is asked by node: the image has no curl`);
      assert.match(script ?? '', /\/readyz/);
    }
  });

  it('names a version of every image, and no :latest', () => {
    eachService((service, name) => {
      assert.match(
        service.image,
        /:v?\d[\w.-]*(@sha256:[0-9a-f]{64})?$/,
        `${name}: ${service.image}`,
      );
    });
    const bases = [
      ...readFileSync(path.join(COMPOSE_FOLDER, 'Dockerfile'), 'utf8').matchAll(/^FROM (\S+)/gm),
    ];
    const external = bases.map(([, base]) => base ?? '').filter((base) => base.includes(':'));
    assert.equal(external.length, 4);
    for (const base of external)
      assert.match(base, /:v?\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/);
  });

  it("mounts only files that are there, read-only where they are the repository's", () => {
    const made = ['./archives'];
    eachService((service, name) => {
      for (const [source = '', , mode] of (service.volumes ?? []).map((volume) =>
        volume.split(':'),
      )) {
        if (/^\.{1,2}\//.test(source)) {
          assert.equal(mode, 'ro', `${name}: ${source}`);
          const isThere = existsSync(path.join(COMPOSE_FOLDER, source));
          assert.ok(isThere || made.includes(source), `${name}: ${source}`);
        } else if (source.startsWith('/')) {
          assert.ok(mayHave(name, 'host paths') && mode === 'ro', `${name}: ${source}`);
        } else {
          assert.ok(source in composeWith().volumes, `${name}: ${source}`);
        }
      }
    });
  });

  it('builds each of its own images from a target of the Dockerfile', () => {
    const text = readFileSync(path.join(COMPOSE_FOLDER, 'Dockerfile'), 'utf8');
    const targets = [...text.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, target]) => target);
    eachService((service, name) => {
      assert.equal(service.build !== undefined, service.image.startsWith('truthloop'), name);
      if (service.build !== undefined) assert.ok(targets.includes(service.build.target), name);
    });
    const images = new Set(ROLES.map((role) => composeWith().services[role]?.image));
    assert.equal(images.size, 1, 'one image for the three roles');
  });

  it('keeps the stores where nothing else reaches them', () => {
    const { services, networks } = composeWith();
    assert.deepEqual(membersOf(services, 'store'), ['redis', 's3', 'sync', 'web']);
    assert.deepEqual(membersOf(services, 'label-studio-db'), ['label-studio', 'label-studio-db']);
    for (const name of ['store', 'label-studio-db']) assert.equal(networks[name]?.internal, true);
    for (const name of ['redis', 's3', 'label-studio-db']) {
      assert.equal(services[name]?.ports, undefined, `${name} publishes no port`);
      assert.equal(networksOf(services[name] as Service).length, 1);
    }
  });

  it('scales: no container has a fixed name, and a range of ports may be published', () => {
    eachService((service, name) => {
      assert.equal(service.container_name, undefined, name);
    });
    const scaled = composeWith({
      ...{ WEB_PORTS: '5000-5002', CLASSIFIER_PORTS: '8000-8002', SYNC_PORTS: '8081-8082' },
    }).services;
    assert.deepEqual(scaled['web']?.ports, ['127.0.0.1:5000-5002:5000']);
    assert.deepEqual(scaled['classifier']?.ports, ['127.0.0.1:8000-8002:8000']);
    assert.deepEqual(scaled['sync']?.ports, ['127.0.0.1:8081-8082:8081']);
    assert.equal(scaled['web'].environment?.['PUBLIC_URL'], 'http://127.0.0.1:5000');
  });
});

describe('the three roles in containers', () => {
  const settingsOf = (file: ComposeFile, role: string): Record<string, string> => ({
    ...file.services[role]?.environment,
  });

  it('get settings that the program takes', () => {
    for (const role of ROLES) {
      const config = parseConfig(settingsOf(composeWith(), role));
      assert.deepEqual(config.ROLES, [role]);
      assert.equal(config.STORE, 'redis');
      assert.equal(config.HOST, '0.0.0.0');
      assert.equal(config.PUBLIC_URL, 'http://127.0.0.1:5000');
      assert.equal(config.LABEL_STUDIO_PUBLIC_URL, 'http://127.0.0.1:8080');
      assert.equal(config.TRUST_PROXY, 0);
    }
  });

  it('agree in every setting but their role', () => {
    const file = composeWith();
    const common = ROLES.map((role) => {
      return { ...settingsOf(file, role), ROLES: '', CLASSIFIER_WORKERS: '' };
    });
    assert.deepEqual(common[0], common[1]);
    assert.deepEqual(common[0], common[2]);
  });

  it("follow a host name: addresses, the proxy's hop, secure cookies", () => {
    const file = composeWith(madeSecrets('photos.example.org') as Record<string, string>);
    const config = parseConfig(settingsOf(file, 'web'));
    assert.equal(config.PUBLIC_URL, 'https://photos.example.org');
    assert.equal(config.LABEL_STUDIO_PUBLIC_URL, 'https://photos.example.org/label-studio');
    assert.deepEqual(config.ALLOWED_LABEL_STUDIO_ORIGINS, ['https://photos.example.org']);
    assert.equal(config.TRUST_PROXY, 1);
    const labelStudio = settingsOf(file, 'label-studio');
    assert.equal(labelStudio['LABEL_STUDIO_HOST'], config.LABEL_STUDIO_PUBLIC_URL);
    assert.equal(labelStudio['SESSION_COOKIE_SECURE'], '1');
    assert.equal(labelStudio['CSRF_COOKIE_SECURE'], '1');
    const grafana = settingsOf(file, 'grafana');
    assert.equal(grafana['GF_SERVER_ROOT_URL'], 'https://photos.example.org/grafana/');
    assert.equal(grafana['GF_SERVER_SERVE_FROM_SUB_PATH'], 'true');
    assert.equal(grafana['GF_SECURITY_COOKIE_SECURE'], 'true');
  });

  it('take a floating address instead of a host name', () => {
    const config = parseConfig(
      settingsOf(
        composeWith({ PUBLIC_URL: 'http://192.0.2.7:5000', WEB_ADDRESS: '0.0.0.0' }),
        'web',
      ),
    );
    assert.equal(config.PUBLIC_URL, 'http://192.0.2.7:5000');
  });

  it('reach each other under the names that their settings say', () => {
    const { services } = composeWith();
    const settings = settingsOf(composeWith(), 'web');
    const calls = [
      ['web', 'CLASSIFIER_URL'],
      ['web', 'REDIS_URL'],
      ['sync', 'REDIS_URL'],
      ['sync', 'LABEL_STUDIO_URL'],
      ['label-studio', 'WEBHOOK_URL'],
      ['web', 'S3_ENDPOINT'],
      ['sync', 'S3_ENDPOINT'],
    ] as const;
    for (const [caller, setting] of calls) {
      const { hostname } = new URL(settings[setting] ?? '');
      const callee = services[hostname];
      assert.ok(callee !== undefined, `${setting} names the service ${hostname}`);
      const shared = networksOf(callee).filter((name) =>
        networksOf(services[caller] as Service).includes(name),
      );
      assert.ok(shared.length > 0, `${caller} and ${hostname} share a network`);
    }
  });
});

describe('Label Studio in a container', () => {
  const banned = (): string[] =>
    composeWith().services['label-studio']?.environment?.['USER_ADDITIONAL_BANNED_SUBNETS']?.split(
      ',',
    ) ?? [];

  it('may send its webhooks to sync and to no other private address', () => {
    const { networks } = parse(COMPOSE_TEXT) as {
      networks: { hooks: { ipam: { config: [{ subnet: string }] } } };
    };
    assert.equal(networks.hooks.ipam.config[0].subnet, '${HOOKS_SUBNET:-198.19.4.0/28}');
    assert.deepEqual(membersOf(composeWith().services, 'hooks'), ['label-studio', 'sync']);
    assert.ok(!banned().some((subnet) => contains(subnet, '198.19.4.2')), 'sync can be reached');
    for (const address of [
      '10.1.2.3',
      '172.18.0.4',
      '192.168.1.1',
      '169.254.169.254',
      '127.0.0.1',
      '198.18.0.1',
    ]) {
      assert.ok(
        banned().some((subnet) => contains(subnet, address)),
        address,
      );
    }
  });
});

describe('Prometheus in a container', () => {
  const prometheus = readFileSync(
    path.join(COMPOSE_FOLDER, '../prometheus/prometheus.yml'),
    'utf8',
  );
  const { scrape_configs: jobs } = parse(prometheus) as { scrape_configs: ScrapeJob[] };

  it('finds every target that its configuration names on the network that it is in', () => {
    const { services } = composeWith();
    for (const { static_configs: groups } of jobs) {
      for (const target of groups?.flatMap(({ targets }) => targets) ?? []) {
        const [host = '', port] = target.split(':');
        if (host === '127.0.0.1') continue;
        const name = host === 'fastapi_server' ? 'classifier' : host;
        const service = services[name];
        assert.ok(service !== undefined, target);
        assert.ok(networksOf(service).includes('monitoring'), target);
        if (name === host) continue;
        const { monitoring } = service.networks as Record<string, { aliases?: string[] }>;
        assert.deepEqual(monitoring?.aliases, [host]);
        assert.equal(port, '8000');
      }
    }
  });

  it('scrapes every replica with the configuration for --scale, which differs in nothing else', () => {
    const shipped = parse(prometheus) as { scrape_configs: ScrapeJob[] };
    const expected = {
      ...shipped,
      scrape_configs: shipped.scrape_configs.map(({ static_configs: groups, ...job }) => {
        const [host = '', port] = groups?.[0]?.targets[0]?.split(':') ?? [];
        if (host === '' || host === '127.0.0.1')
          return groups === undefined ? job : { ...job, static_configs: groups };
        const name = host === 'fastapi_server' ? 'classifier' : host;
        return { ...job, dns_sd_configs: [{ names: [name], type: 'A', port: Number(port) }] };
      }),
    };
    const scaled = readFileSync(path.join(COMPOSE_FOLDER, 'prometheus.scaled.yml'), 'utf8');
    assert.deepEqual(parse(scaled), expected);
  });

  it('is given the key that web asks for, where its configuration looks for it', () => {
    const files = jobs.flatMap(({ authorization }) => authorization?.credentials_file ?? []);
    assert.ok(files.length > 0);
    for (const file of files) {
      assert.equal(path.dirname(file), '/run/secrets');
      assert.ok(composeWith().services['prometheus']?.secrets?.includes(path.basename(file)), file);
    }
  });
});

interface ScrapeJob {
  readonly job_name: string;
  readonly authorization?: { readonly credentials_file: string };
  readonly static_configs?: readonly { readonly targets: readonly string[] }[];
}

function membersOf(services: ComposeFile['services'], network: string): string[] {
  return Object.keys(services)
    .filter((name) => networksOf(services[name] as Service).includes(network))
    .sort();
}

/** Does an IPv4 subnet contain an address? */
function contains(subnet: string, address: string): boolean {
  const [base = '', bits = '32'] = subnet.split('/');
  if (base.includes(':')) return false;
  const numberOf = (dotted: string): number =>
    dotted.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(numberOf(base) / size) === Math.floor(numberOf(address) / size);
}
