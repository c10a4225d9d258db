import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';

import { parseConfig } from '../../src/config/parse-config.ts';
import { COMPOSE_FOLDER, composeWith, madeSecrets } from './compose-file.ts';
import schemas from './schemas/kubernetes.json' with { type: 'json' };

const FOLDER = path.join(COMPOSE_FOLDER, 'kubernetes');
const ROLES = ['web', 'classifier', 'sync'] as const;

interface Probe {
  readonly httpGet: { readonly path: string };
}
interface Container {
  readonly image: string;
  readonly ports: readonly { readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom: readonly { readonly configMapRef?: unknown; readonly secretRef?: unknown }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
  readonly securityContext: Readonly<Record<string, unknown>>;
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly minReplicas?: number;
    readonly scaleTargetRef?: { readonly name: string };
    readonly selector: Readonly<Record<string, string>> & { readonly matchLabels?: object };
    readonly ports?: readonly { readonly port: number }[];
    readonly template: {
      readonly metadata: {
        readonly labels: object;
        readonly annotations: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly [Container];
      };
    };
  };
}

const manifests: readonly Manifest[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) => parseAllDocuments(readFileSync(path.join(FOLDER, file), 'utf8')))
  .map((document) => document.toJS() as Manifest);

function find(kind: string, name: string): Manifest {
  const found = manifests.filter(
    (manifest) => manifest.kind === kind && manifest.metadata.name === name,
  );
  assert.equal(found.length, 1, `one ${kind} ${name}`);
  return found[0] as Manifest;
}

const containerOf = (role: string): Container =>
  find('Deployment', role).spec.template.spec.containers[0];

describe('compose/kubernetes/', () => {
  it('holds nothing that the Kubernetes API would refuse', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'kubernetes', $defs: schemas.$defs });
    for (const manifest of manifests) {
      const key = `${manifest.apiVersion} ${manifest.kind}` as keyof typeof schemas.kinds;
      const validate = ajv.compile({ $ref: `kubernetes#/$defs/${schemas.kinds[key]}` });
      assert.ok(
        validate(manifest),
        `${key} ${manifest.metadata.name}: ${JSON.stringify(validate.errors)}`,
      );
      assert.ok(!validate({ ...manifest, specs: {} }), 'the schema refuses what it should');
    }
  });

  it('has each role as a deployment with probes, a service and a disruption budget', () => {
    for (const role of ROLES) {
      const { spec } = find('Deployment', role);
      const container = containerOf(role);
      assert.equal(container.livenessProbe.httpGet.path, '/livez', role);
      assert.equal(container.startupProbe.httpGet.path, '/livez', role);
      assert.equal(container.readinessProbe.httpGet.path, '/readyz', role);
      const service = find('Service', role);
      assert.equal(service.spec.ports?.[0]?.port, container.ports[0]?.containerPort);
      assert.deepEqual(spec.template.metadata.labels, spec.selector.matchLabels);
      assert.deepEqual(service.spec.selector, spec.selector.matchLabels);
      assert.deepEqual(find('PodDisruptionBudget', role).spec.selector, spec.selector);
      assert.equal(spec.template.metadata.annotations['prometheus.io/scrape'], 'true');
      assert.equal(
        spec.template.metadata.annotations['prometheus.io/port'],
        String(container.ports[0]?.containerPort),
      );
    }
  });

  it('scales web and classifier, and runs one sync', () => {
    for (const role of ['web', 'classifier']) {
      const { spec } = find('HorizontalPodAutoscaler', role);
      assert.equal(spec.scaleTargetRef?.name, role);
      assert.ok((spec.minReplicas ?? 0) >= 2, 'an update or a lost node leaves one');
      assert.equal(
        find('Deployment', role).spec.replicas,
        undefined,
        'the autoscaler alone decides',
      );
    }
    assert.equal(find('Deployment', 'sync').spec.replicas, 1);
    assert.equal(manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler').length, 2);
  });

  it('gives no pod more rights than an ordinary process', () => {
    for (const role of ROLES) {
      const { securityContext } = find('Deployment', role).spec.template.spec;
      assert.equal(securityContext['runAsNonRoot'], true);
      assert.deepEqual(containerOf(role).securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it('gives the program settings that it takes, with secrets by reference alone', () => {
    const settings = find('ConfigMap', 'truthloop-settings').data ?? {};
    const secrets = madeSecrets();
    assert.deepEqual(
      Object.keys(settings).filter((name) => (secrets[name] ?? '') !== ''),
      [],
    );
    assert.ok(!manifests.some(({ kind }) => kind === 'Secret'));
    for (const role of ROLES) {
      assert.deepEqual(containerOf(role).envFrom, [
        { configMapRef: { name: 'truthloop-settings' } },
        { secretRef: { name: 'truthloop-secrets' } },
      ]);
      const own = Object.fromEntries(
        containerOf(role).env.map(({ name, value }) => [
          name,
          value.replace(/\$\((\w+)\)/g, (_all, referred: string) => secrets[referred] ?? ''),
        ]),
      );
      const config = parseConfig({ ...settings, ...secrets, ...own });
      assert.deepEqual(config.ROLES, [role]);
      assert.equal(config.STORE, 'redis');
      assert.equal(config.OBJECTS, 's3', 'nothing but Redis and S3 is shared');
      assert.equal(new URL(config.REDIS_URL ?? '').password, secrets['REDIS_PASSWORD']);
    }
  });

  it('runs the same image as the containers', () => {
    const { services } = composeWith();
    for (const role of ROLES) assert.equal(containerOf(role).image, services[role]?.image);
  });
});
