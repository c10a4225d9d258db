import type { UploadRejection } from '../../domain/errors.ts';
import type { ImageLimits } from '../sharp/open-image.ts';
import type { ModelFolder } from './model-folder.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly model: ModelFolder;
  readonly limits: ImageLimits;
  /** It takes what processor time the others leave. */
  readonly isBackground: boolean;
}

/** To the worker: one image at a time, or the wish that it ends. */
export type WorkerRequest =
  { readonly kind: 'run'; readonly image: Uint8Array } | { readonly kind: 'stop' };

/** From the worker: it is ready or never will be; then one answer to each image. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  | {
      readonly kind: 'output';
      readonly logits: Float32Array;
      readonly embedding: Float32Array | null;
      readonly decodeSeconds: number;
      readonly preprocessSeconds: number;
      readonly inferSeconds: number;
    }
  | { readonly kind: 'rejected'; readonly reason: UploadRejection; readonly message: string };
