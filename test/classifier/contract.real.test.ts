import sharp from 'sharp';

import { describeClassifierService } from '../contract/classifier-http.contract.ts';
import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import { startFastApiPeer } from '../servers/fastapi-peer.ts';
import { runClassifier } from './running-classifier.ts';

const photo = (): Promise<Buffer> =>
  sharp({ create: { width: 320, height: 240, channels: 3, background: '#b06030' } })
    .jpeg()
    .toBuffer();

describeClassifierService('ours, with the demonstration model', async () => {
  const { classes } = await demoModel();
  const { url, stop } = await runClassifier({ modelDir: DEMO_MODEL });
  return { url, stop, classes, image: await photo() };
});

describeClassifierService('another program of this kind, FastAPI', async () => {
  const { classes, path } = await demoModel();
  const { url, stop } = await startFastApiPeer(path);
  return { url, stop, classes, image: await photo() };
});
