import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { parse } from 'yaml';

import { makeComposeSecrets } from '../../scripts/secrets/compose-secrets.ts';
import { interpolateAll } from './interpolate.ts';

export const COMPOSE_FOLDER = path.resolve(import.meta.dirname, '../../compose');
export const COMPOSE_TEXT = readFileSync(path.join(COMPOSE_FOLDER, 'compose.yaml'), 'utf8');

/** A service as compose.yaml writes it: the short forms alone. */
export interface Service {
  readonly image: string;
  readonly build?: {
    readonly context: string;
    readonly dockerfile: string;
    readonly target: string;
  };
  readonly profiles?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks:
    readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly depends_on?: Readonly<
    Record<string, { readonly condition: string; readonly required?: boolean }>
  >;
  readonly read_only?: boolean;
  readonly init?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly logging?: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
  };
  readonly healthcheck?: { readonly test: readonly string[]; readonly start_period?: string };
  readonly privileged?: boolean;
  readonly container_name?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** With `${...}` still in it. */
export const rawCompose = (): ComposeFile => parse(COMPOSE_TEXT, { merge: true }) as ComposeFile;

/** As Compose sees it after `npm run secrets` and with these settings. */
export const composeWith = (settings: Readonly<Record<string, string>> = {}): ComposeFile =>
  interpolateAll(rawCompose(), { ...madeSecrets(), ...settings });

/** What `npm run secrets` puts into a fresh .env. */
export function madeSecrets(
  domain: string | null = null,
): Readonly<Record<string, string | undefined>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-secrets-'));
  try {
    return makeComposeSecrets(folder, domain, () => undefined).values;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const networksOf = ({ networks }: Service): readonly string[] =>
  Array.isArray(networks) ? (networks as readonly string[]) : Object.keys(networks);

/** Mebibytes of `384m`. */
export function mebibytes(limit: string): number {
  const [, number = '', unit = ''] = /^(\d+)([mg])$/.exec(limit) ?? [];
  if (number === '') throw new Error(`${limit}: expected mebibytes (384m) or gibibytes (1g)`);
  return Number(number) * (unit === 'g' ? 1024 : 1);
}
