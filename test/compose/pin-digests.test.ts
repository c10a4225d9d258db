import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { pinImages } from '../../scripts/pin-digests/pin-images.ts';
import { createRegistry, readImageName } from '../../scripts/pin-digests/registry.ts';
import { COMPOSE_FOLDER, COMPOSE_TEXT, composeWith } from './compose-file.ts';

const MANIFEST = '{"schemaVersion":2}';
const DIGEST = `sha256:${createHash('sha256').update(MANIFEST).digest('hex')}`;

type Answers = Readonly<Record<string, (headers: Headers) => Response>>;

/** A registry as the OCI distribution specification has it, without a network. */
function registryThat(answers: Answers): { ask: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  const ask = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : input.toString();
    asked.push(url);
    const answer = answers[url];
    return Promise.resolve(
      answer?.(new Headers(init?.headers)) ?? new Response('', { status: 404 }),
    );
  };
  return { ask, asked };
}

const manifest = (digest = DIGEST): Response =>
  new Response(MANIFEST, { headers: { 'docker-content-digest': digest } });

describe('npm run pin-digests', () => {
  it('knows where an image lives', () => {
    assert.deepEqual(readImageName('redis:8.10.0-alpine'), {
      ...{ registry: 'registry-1.docker.io', repository: 'library/redis', tag: '8.10.0-alpine' },
    });
    assert.equal(readImageName('grafana/grafana:13.2.3').repository, 'grafana/grafana');
    assert.equal(readImageName('ghcr.io/google/cadvisor:0.60.5').registry, 'ghcr.io');
    assert.throws(() => readImageName('redis'), /expected a name and a tag/);
  });

  it('asks for the list of all platforms, with the token that the registry wants', async () => {
    const { ask, asked } = registryThat({
      'https://registry-1.docker.io/v2/library/redis/manifests/8': (headers) =>
        headers.get('authorization') === 'Bearer t0ken' &&
        /image\.index/.test(headers.get('accept') ?? '')
          ? manifest()
          : new Response('', {
              status: 401,
              headers: {
                'www-authenticate':
                  'Bearer realm="https://auth.example/token",service="registry",scope="repository:library/redis:pull"',
              },
            }),
      'https://auth.example/token?service=registry&scope=repository%3Alibrary%2Fredis%3Apull': () =>
        Response.json({ token: 't0ken' }),
    });
    assert.equal(await createRegistry(ask)('redis:8'), DIGEST);
    assert.equal(asked.length, 3);
  });

  it('believes no digest but the one of the manifest that was sent', async () => {
    const url = 'https://ghcr.io/v2/google/cadvisor/manifests/1';
    const { ask } = registryThat({ [url]: () => manifest(`sha256:${'0'.repeat(64)}`) });
    await assert.rejects(
      createRegistry(ask)('ghcr.io/google/cadvisor:1'),
      /but the manifest that it sent is/,
    );
  });

  it("names the image that can't be had, and sends no token request to a plain address", async () => {
    const { ask } = registryThat({});
    await assert.rejects(
      createRegistry(ask)('grafana/grafana:0'),
      /grafana\/grafana:0: .* answered 404/,
    );
    const plain = registryThat({
      'https://registry-1.docker.io/v2/library/redis/manifests/8': () =>
        new Response('', {
          status: 401,
          headers: { 'www-authenticate': 'Bearer realm="http://auth.example"' },
        }),
    });
    await assert.rejects(createRegistry(plain.ask)('redis:8'), /https realm/);
    assert.equal(plain.asked.length, 1);
  });

  it('pins every image of a registry, again and again, and none that is built here', async () => {
    const dockerfile = readFileSync(path.join(COMPOSE_FOLDER, 'Dockerfile'), 'utf8');
    const inCompose = await pinImages(COMPOSE_TEXT, () => Promise.resolve(DIGEST));
    const external = Object.values(composeWith().services)
      .map(({ image }) => image.replace(/@.*/, ''))
      .filter((image) => !image.startsWith('truthloop'));
    assert.deepEqual(
      inCompose.pinned.map((image) => image.replace(/@.*/, '')).sort(),
      [...new Set(external)].sort(),
    );
    const inDockerfile = await pinImages(dockerfile, () => Promise.resolve(DIGEST));
    assert.equal(inDockerfile.pinned.length, 4);
    assert.match(inDockerfile.text, new RegExp(`^FROM node:[\\w.-]+@${DIGEST} AS node$`, 'm'));
    const newer = `sha256:${'1'.repeat(64)}`;
    const again = await pinImages(inCompose.text, () => Promise.resolve(newer));
    assert.equal(again.text, inCompose.text.replaceAll(DIGEST, newer));
  });
});
