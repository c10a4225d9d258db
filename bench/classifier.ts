import { rmSync } from 'node:fs';
import { cpus } from 'node:os';

import { DEMO_MODEL, demoModel, INT8_MODEL } from '../test/servers/demo-model.ts';
import { startFastApiPeer } from '../test/servers/fastapi-peer.ts';
import { type Server, temporaryFolder } from '../test/servers/server.ts';
import { type Bodies, phonePhotos, smallPhotos } from './bodies.ts';
import { startBuiltClassifier } from './built-classifier.ts';
import { type ClosedLoop, closedLoop } from './closed-loop.ts';
import { inProcessLimit } from './limit.ts';

/** What the classifier may take at most: a phone photo as base64 has more than the default. */
const SETTINGS = { UPLOAD_BYTES_MAX: '20971520' };

/**
 * Ours and the peer in turn, on the same model file and the same bodies, beside what the machine can do without HTTP;
 * ours once more with the int8 variant: `npm run bench -- classifier [small|phone]`. BENCH_PHOTOS names another folder of photos, PEER_FILE another peer.
 */
export async function benchClassifier(): Promise<void> {
  const fp32 = await demoModel();
  await demoModel('int8');
  const folder = temporaryFolder('bench-bodies');
  try {
    const machine = `${cpus().length} x ${cpus()[0]?.model ?? ''}, Node ${process.version}`;
    console.log(`${new Date().toISOString().slice(0, 10)}, ${machine}, ${fp32.version}\n`);
    const only = process.argv[3];
    if (only !== 'phone') await compare(smallPhotos(folder), fp32.path);
    if (only !== 'small') await compare(await phonePhotos(folder), fp32.path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(bodies: Bodies, modelPath: string): Promise<void> {
  console.log(`**${bodies.name}** (${bodies.images.length} bodies, 8 clients)\n`);
  console.log('| | answers/s | p50 ms | p99 ms | CPU ms/answer | memory MB | failed |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  const limit = await inProcessLimit(DEMO_MODEL, bodies.images);
  console.log(
    `| decode + inference, no HTTP | ${limit.perSecond.toFixed(1)} | | | ${limit.cpuMsPerImage.toFixed(1)} | | |`,
  );
  const ours = (MODEL_DIR: string) => () => startBuiltClassifier({ MODEL_DIR, ...SETTINGS });
  const fp32 = await measure('ours', bodies, ours(DEMO_MODEL));
  const peers = [
    await measure('peer, 1 worker', bodies, () => startFastApiPeer(modelPath, 1)),
    await measure('peer, 2 workers', bodies, () => startFastApiPeer(modelPath, 2)),
  ];
  const int8 = await measure('ours, int8', bodies, ours(INT8_MODEL));
  const [best] = peers.toSorted((a, b) => b.perSecond - a.perSecond);
  const share = (fp32.perSecond / limit.perSecond).toFixed(2);
  console.log(`\nOurs is ${share} of the limit. Ours against the better peer:\n`);
  console.log('| | answers/s | answers per CPU second |');
  console.log('| --- | --- | --- |');
  if (best !== undefined)
    for (const [name, result] of Object.entries({ fp32, int8 }))
      console.log(
        `| ${name} | ${(result.perSecond / best.perSecond).toFixed(2)} | ${(best.cpuMsPerAnswer / result.cpuMsPerAnswer).toFixed(2)} |`,
      );
  console.log('');
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
