import { rmSync } from 'node:fs';
import { cpus } from 'node:os';

import { DEMO_MODEL, demoModel } from '../test/servers/demo-model.ts';
import { startFastApiPeer } from '../test/servers/fastapi-peer.ts';
import { type Server, temporaryFolder } from '../test/servers/server.ts';
import { type Bodies, phonePhotos, smallPhotos } from './bodies.ts';
import { startBuiltClassifier } from './built-classifier.ts';
import { type ClosedLoop, closedLoop } from './closed-loop.ts';
import { inProcessLimit } from './limit.ts';

/**
 * Ours and the peer in turn, on the same model file and the same bodies, beside what the machine can do without HTTP.
 * BENCH_MODEL_DIR names another model folder.
 */
export async function benchClassifier(): Promise<void> {
  await demoModel();
  const modelDir = process.env['BENCH_MODEL_DIR'] ?? DEMO_MODEL;
  const folder = temporaryFolder('bench-bodies');
  try {
    console.log(
      `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model ?? ''}, Node ${process.version}, ${modelDir}\n`,
    );
    for (const bodies of [smallPhotos(folder), await phonePhotos(folder)])
      await compare(bodies, modelDir);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(bodies: Bodies, modelDir: string): Promise<void> {
  const { path } = await demoModel();
  console.log(`**${bodies.name}** (${bodies.images.length} bodies, 8 clients)\n`);
  console.log('| | answers/s | p50 ms | p99 ms | CPU ms/answer | memory MB | failed |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  const limit = await inProcessLimit(modelDir, bodies.images);
  console.log(`| decode + inference, no HTTP | ${limit.toFixed(1)} | | | | | |`);
  const ours = await measure('ours', bodies, () =>
    startBuiltClassifier({ MODEL_DIR: modelDir, UPLOAD_BYTES_MAX: '20971520' }),
  );
  const peers: ClosedLoop[] = [];
  for (const workers of [1, 2])
    peers.push(
      await measure(`peer, ${workers} worker${workers > 1 ? 's' : ''}`, bodies, () =>
        startFastApiPeer(path, workers),
      ),
    );
  const best = Math.max(...peers.map(({ perSecond }) => perSecond));
  console.log(
    `\nOurs is ${(ours.perSecond / limit).toFixed(2)} of the limit and ${(ours.perSecond / best).toFixed(2)} times the better peer.\n`,
  );
}

async function measure(
  name: string,
  bodies: Bodies,
  start: () => Promise<Server>,
): Promise<ClosedLoop> {
  const server = await start();
  try {
    const result = await closedLoop(server, bodies.list);
    console.log(
      `| ${name} | ${result.perSecond.toFixed(1)} | ${result.p50Ms.toFixed(0)} | ${result.p99Ms.toFixed(0)} | ${result.cpuMsPerAnswer.toFixed(1)} | ${(result.residentBytes / 2 ** 20).toFixed(0)} | ${result.failed} |`,
    );
    return result;
  } finally {
    await server.stop();
  }
}
