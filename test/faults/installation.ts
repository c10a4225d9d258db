import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { freePort } from '../../scripts/start/ports.mjs';
import type { StartedProcess } from '../../scripts/start/process.mjs';
import { type Product, startBuiltProduct } from '../servers/product.ts';
import { temporaryFolder } from '../servers/server.ts';

/** What predictions may say: the classes of the tiny model, which reported ones do not need. */
export const CLASSES = ['red', 'green', 'blue'] as const;
export const TINY_MODEL = path.resolve(import.meta.dirname, '../fixtures/tiny-model');

/** Secrets that an installation over Redis is given: it makes none. */
export const sharedSecrets = (): Readonly<Record<string, string>> => ({
  LABEL_STUDIO_USERNAME: 'owner@faults.example.com',
  ...Object.fromEntries(
    [
      ...['LABEL_STUDIO_PASSWORD', 'WEBHOOK_SECRET', 'RETRAIN_WEBHOOK_SECRET', 'INGEST_KEY'],
      ...['IMAGE_URL_KEY', 'SAMPLING_KEY', 'OPS_KEY'],
    ].map((name) => [name, randomBytes(16).toString('hex')]),
  ),
});

/**
 * One installation of the built program that outlives its processes: the same data, ports and keys after every death.
 */
export class Installation {
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
  #product: Product | null = null;
  #child: StartedProcess | null = null;

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.settings = settings;
  }

  /** Nothing runs yet. @param settings over those of a small installation that takes reports and tells of every step */
  static async prepare(
    name: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<Installation> {
    const folder = temporaryFolder(`faults-${name.replaceAll(' ', '-')}`);
    const classesFile = path.join(folder, 'classes.json');
    writeFileSync(classesFile, JSON.stringify(CLASSES));
    const [web, sync, classifier] = await Promise.all([freePort(), freePort(), freePort()]);
    return new Installation(folder, {
      ROLES: 'web,sync',
      CLASSES_FILE: classesFile,
      DATA_DIR: path.join(folder, 'data'),
      WEB_PORT: String(web),
      SYNC_PORT: String(sync),
      CLASSIFIER_PORT: String(classifier),
      PROJECT_PREFIX: `Faults ${name}`,
      PUSH_DELAY_SECONDS: '0',
      ...settings,
    });
  }

  get product(): Product {
    if (this.#product === null) throw new Error('the program does not run');
    return this.#product;
  }

  get isRunning(): boolean {
    return this.#child?.isRunning() ?? false;
  }

  get database(): string {
    return path.join(this.settings['DATA_DIR'] ?? '', 'truthloop.sqlite');
  }

  /**
   * Starts the program, or starts it again; ready when this resolves.
   * @param changes settings that are others this time
   * @throws when it ends before it is ready, as it does when it is killed
   */
  async start(changes: Readonly<Record<string, string>> = {}): Promise<Product> {
    await this.end();
    this.#product = await startBuiltProduct({ ...this.settings, ...changes }, (child) => {
      this.#child = child;
    });
    return this.#product;
  }

  /** SIGKILL, at once, from the moment that the process exists. @returns whether there was one to kill */
  kill(): boolean {
    if (this.#child?.isRunning() !== true) return false;
    this.#child.kill();
    return true;
  }

  /** Resolves when the process has ended, however it did. */
  async exited(): Promise<void> {
    await this.#child?.exited;
  }

  /** Waits until the process is gone, however it was ended, and drops its log. */
  async end(): Promise<void> {
    await this.#product?.stop();
    this.#product = null;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
