import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { type StartedProcess, startProcess, waitUntilReady } from '../../scripts/start/process.mjs';

/** A real server that a test started: on 127.0.0.1, with a folder of its own that goes with it. */
export interface Server {
  readonly url: string;
  readonly port: number;
  readonly process: StartedProcess;
  /** Ends it and removes its folder; safe to repeat. */
  readonly stop: () => Promise<void>;
}

export interface ServerPlan {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly url: string;
  readonly port: number;
  readonly timeoutMs?: number;
  /** How to get it, said when it can't be started. */
  readonly howToInstall: string;
  readonly isReady: () => Promise<boolean>;
}

export const INSTALL_ALL = 'run scripts/install-test-servers.sh';

/** A fresh folder under the system's temporary one. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(path.join(os.tmpdir(), `truthloop-${name}-`));
}

export function writeText(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Starts a server and waits until it is ready. The folder is removed on a failure as well. */
export async function startServer(plan: ServerPlan): Promise<Server> {
  const child = startProcess({
    name: plan.name,
    command: plan.command,
    args: plan.args,
    env: { ...(plan.env ?? process.env) },
    logFile: path.join(plan.folder, `${plan.name.toLowerCase().replaceAll(' ', '-')}.log`),
    cwd: plan.folder,
  });
  return asServer(child, plan);
}

/** Waits for a process that runs already; ends it, and says why, when it does not come up. */
export async function asServer(
  child: StartedProcess,
  plan: Pick<
    ServerPlan,
    'name' | 'folder' | 'url' | 'port' | 'timeoutMs' | 'howToInstall' | 'isReady'
  >,
): Promise<Server> {
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(plan.folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await waitUntilReady(child, plan.isReady, plan.timeoutMs ?? 30_000);
  } catch (error) {
    await stop();
    throw new Error(`${plan.name} is needed by this test; to install it ${plan.howToInstall}.`, {
      cause: error,
    });
  }
  return { url: plan.url, port: plan.port, process: child, stop };
}
