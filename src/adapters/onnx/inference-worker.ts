import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

import { UploadRejected } from '../../domain/errors.ts';
import { createTensorDecoder, type DecodedImage } from '../sharp/decode-to-tensor.ts';
import type { WorkerReply, WorkerRequest, WorkerStart } from './inference-messages.ts';
import { type ModelSession, openModelSession } from './model-session.ts';

/*
 * One worker thread of the inference pool: decodes and runs one image after the other. A fault of the image is an
 * answer; any other fault ends the thread, and the pool starts another.
 */
const { model, limits, isBackground } = workerData as WorkerStart;
// Elsewhere it would be the priority of the whole process.
if (isBackground && process.platform === 'linux')
  os.setPriority(os.constants.priority.PRIORITY_LOW);
const decode = createTensorDecoder(model.input, limits);

const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer);

async function answer(session: ModelSession, image: Uint8Array): Promise<void> {
  const decoded = await decodeOrReject(image);
  if (decoded === null) return;
  const begin = performance.now();
  const { logits, embedding } = await session.run(decoded.tensor);
  reply({
    kind: 'output',
    logits,
    embedding,
    decodeSeconds: decoded.decodeSeconds,
    preprocessSeconds: decoded.preprocessSeconds,
    inferSeconds: (performance.now() - begin) / 1000,
  });
}

async function decodeOrReject(image: Uint8Array): Promise<DecodedImage | null> {
  try {
    return await decode(Buffer.from(image.buffer, image.byteOffset, image.byteLength));
  } catch (error) {
    if (!(error instanceof UploadRejected)) throw error;
    reply({ kind: 'rejected', reason: error.reason, message: error.message });
    return null;
  }
}

try {
  const session = await openModelSession(model);
  parentPort?.on('message', (request: WorkerRequest) => {
    if (request.kind === 'stop') parentPort?.close();
    else void answer(session, request.image);
  });
  reply({ kind: 'ready' });
} catch (error) {
  reply({ kind: 'unusable', message: error instanceof Error ? error.message : String(error) });
}
