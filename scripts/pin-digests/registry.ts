import { createHash } from 'node:crypto';

import { CommandFailed } from '../records/run-command.ts';

/** A list of all platforms first: its digest holds on every machine. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** `redis:8` is docker.io's library/redis; a first part with a dot or a port is a registry of its own. */
export function readImageName(image: string): ImageName {
  const [, name = '', tag = ''] = /^(.+):([\w.-]+)$/.exec(image) ?? [];
  if (tag === '')
    throw new CommandFailed(`${image}: expected a name and a tag, such as redis:8.10.0`);
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && /[.:]/.test(first))
    return { registry: first, repository: rest.join('/'), tag };
  const repository = name.includes('/') ? name : `library/${name}`;
  return { registry: 'registry-1.docker.io', repository, tag };
}

/**
 * Looks up what a tag names now, by the registry API (OCI distribution): anonymous, with the token that the registry's
 * own challenge asks for.
 * @param ask `fetch`, or what stands for it
 * @returns digest of an image, `sha256:` and 64 hex digits; throws when the registry gives none or one that is not the manifest's
 */
export function createRegistry(ask: typeof fetch): (image: string) => Promise<string> {
  return async (image) => {
    const { registry, repository, tag } = readImageName(image);
    const url = `https://${registry}/v2/${repository}/manifests/${tag}`;
    let answer = await ask(url, { headers: { Accept: ACCEPT } }).catch((cause: unknown) => {
      throw new CommandFailed(
        `${image}: ${registry} can't be reached. Is this machine on the network, or behind a proxy?`,
        { cause },
      );
    });
    if (answer.status === 401) {
      const token = await askForToken(ask, answer.headers.get('www-authenticate') ?? '', image);
      answer = await ask(url, { headers: { Accept: ACCEPT, Authorization: `Bearer ${token}` } });
    }
    if (!answer.ok) throw new CommandFailed(`${image}: ${registry} answered ${answer.status}`);
    const body = Buffer.from(await answer.arrayBuffer());
    const computed = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const told = answer.headers.get('docker-content-digest') ?? computed;
    if (told !== computed) {
      throw new CommandFailed(
        `${image}: ${registry} says ${told}, but the manifest that it sent is ${computed}`,
      );
    }
    return computed;
  };
}

async function askForToken(ask: typeof fetch, challenge: string, image: string): Promise<string> {
  const values = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  ) as Record<string, string>;
  if (!challenge.startsWith('Bearer ') || !/^https:\/\//.test(values['realm'] ?? '')) {
    throw new CommandFailed(
      `${image}: expected a Bearer challenge with an https realm, got "${challenge}"`,
    );
  }
  const url = new URL(values['realm'] ?? '');
  for (const name of ['service', 'scope']) {
    const value = values[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const answer = await ask(url.href);
  if (!answer.ok) throw new CommandFailed(`${image}: ${url.host} gave no token (${answer.status})`);
  const { token, access_token: accessToken } = (await answer.json()) as Record<string, unknown>;
  const found = token ?? accessToken;
  if (typeof found !== 'string')
    throw new CommandFailed(`${image}: ${url.host} answered without a token`);
  return found;
}
