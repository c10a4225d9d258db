/** What the model's file gave for one image. */
export interface ModelOutput {
  /** One number a class, in the model's order. */
  readonly logits: Float32Array;
  /** The image as the model sees it, for drift detection; null where the model gives none. */
  readonly embedding: Float32Array | null;
  /** Where the time went. */
  readonly seconds: {
    readonly queue: number;
    readonly decode: number;
    readonly preprocess: number;
    readonly infer: number;
  };
}

export interface InferenceLoad {
  /** Workers that would begin with an image at once. */
  readonly idle: number;
  readonly running: number;
  readonly queued: number;
  readonly queueLimit: number;
  /** False before the model is loaded, while draining, and when no worker is left. */
  readonly isReady: boolean;
}

/** Runs a model, a bounded amount of work at a time. */
export interface Inference {
  /**
   * @param image an encoded image; handed over: the caller must not use the bytes afterwards
   * @param signal aborted when nobody waits for the answer any more: a queued image frees its place at once
   * @throws Overloaded (no room, too late, or stopping), UploadRejected (can't be decoded), ClassifierUnavailable (the worker died, or the signal was aborted)
   */
  run(image: Uint8Array, signal?: AbortSignal): Promise<ModelOutput>;
  /**
   * Asked at the door, before a body is read; takes no place.
   * @throws Overloaded when `run` would refuse just now
   */
  assertRoom(): void;
  load(): InferenceLoad;
}
