import { readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { plain, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { describeClassifierService } from '../contract/classifier-http.contract.ts';
import { runClassifier } from './running-classifier.ts';

describeClassifierService('ours', async () => {
  const { classes } = await readModelFolder(TINY_MODEL);
  const { url, stop } = await runClassifier();
  return { url, stop, classes, image: await plain('#20e040') };
});
