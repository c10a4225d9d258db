import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** The compiled program has its threads' files as .js, the sources as .ts. */
const isSource = import.meta.url.endsWith('.ts');

/**
 * Starts a thread on a file beside the caller's.
 * @param caller the caller's `import.meta.url`
 * @param name of the file, without its suffix
 * @param workerData what the thread is started with
 */
export function startWorker(caller: string, name: string, workerData: unknown): Worker {
  const file = new URL(`./${name}.${isSource ? 'ts' : 'js'}`, caller);
  return new Worker(file, {
    workerData,
    ...(isSource ? { execArgv: loaderOfSources() } : {}),
  });
}

/** Node 20 does not hand the loader that reads TypeScript on to its threads: tests and development need it there too. */
function loaderOfSources(): string[] {
  const path = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const api = pathToFileURL(path).href;
  return ['--import', `data:text/javascript,import { register } from '${api}'; register();`];
}
