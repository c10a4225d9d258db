declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Id of one prediction; made by the server, never by a client: a client that chose ids could avoid sampling. */
export type PredictionId = Branded<'PredictionId'>;
/** Opaque id of the exact model file (digest-based), or whatever a reporting service calls its model. */
export type ModelVersion = Branded<'ModelVersion'>;
/** Key under which an image's bytes are kept in the object store. */
export type ObjectKey = Branded<'ObjectKey'>;

/** @param id a non-empty id that came from this service's own records. */
export const predictionId = (id: string): PredictionId => id as PredictionId;
/** @param version a non-empty version string. */
export const modelVersion = (version: string): ModelVersion => version as ModelVersion;
/** @param key a key that an object store understands. */
export const objectKey = (key: string): ObjectKey => key as ObjectKey;
