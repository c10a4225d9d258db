import type { ModelVersion } from '../domain/ids.ts';

/** What a classifier says about one image. */
export interface Classification {
  readonly predictedClass: string;
  /** In [0, 1]. */
  readonly confidence: number;
  /** Class -> probability; null when the server answers only class and confidence. */
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly modelVersion: ModelVersion;
}

/** Asks the classifier service. */
export interface Classifier {
  /**
   * @param image an encoded image (JPEG)
   * @throws ClassifierUnavailable (down, or an answer that is none), Overloaded (it said 503), UploadRejected (it refused the image)
   */
  classify(image: Buffer): Promise<Classification>;
  /** True when the classifier says it is ready. */
  isReady(): Promise<boolean>;
}

/** Asks the classifier's second model. */
export interface ShadowClassifier {
  /** The model that does not serve answers somebody who waits. @throws as Classifier.classify, within a few seconds */
  classifyAsCanary(image: Buffer): Promise<Classification>;
  /**
   * The model that did not answer is asked about the same image; nobody waits.
   * @param servedBy version of the model that answered
   * @throws as Classifier.classify; Overloaded when answers that somebody waits for come first
   */
  classifyByOther(
    image: Buffer,
    servedBy: ModelVersion,
    signal: AbortSignal,
  ): Promise<Classification>;
}
