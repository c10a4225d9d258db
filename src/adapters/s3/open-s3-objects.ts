import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

import { ObjectStoreUnavailable } from '../../domain/errors.ts';
import type { ObjectKey } from '../../domain/ids.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Circuit } from '../circuit/create-circuit.ts';
import { ensureBucket } from './ensure-bucket.ts';
import { keyOf, nameOf, PREFIX } from './object-names.ts';
import { isMissing, toObjectStoreError } from './s3-error.ts';

/** A user waits for an image to be stored or shown: it, or the word that it can't be, comes within this, ms. */
const PROMPT_MS = 1800;
/** Longest wait for what nobody waits for at a page, ms. */
const PATIENT_MS = 30_000;

export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** Address of an S3 server; absent for AWS. */
  readonly endpoint?: string;
  /** Absent: the AWS client's own chain (AWS_ACCESS_KEY_ID and so on). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** All calls go through it. */
  readonly circuit: Circuit;
}

/**
 * Images as objects of an S3 bucket, all below one prefix: nothing else in the bucket is ever listed or deleted.
 * A bucket that is missing is made on a server of one's own, never on AWS.
 * @throws ObjectStoreUnavailable when the bucket can't be used
 */
export async function openS3Objects(options: S3Options): Promise<ObjectStore> {
  const { bucket: Bucket, endpoint, circuit } = options;
  const client = clientOf(options);
  const guard = guardOf(circuit, `${endpoint ?? 's3'} bucket ${Bucket}`);
  try {
    await guard(() => ensureBucket(client, Bucket, endpoint !== undefined, PATIENT_MS));
  } catch (error) {
    client.destroy();
    throw error;
  }
  return {
    put: (key, bytes) => guard(() => put(client, Bucket, key, bytes)),
    get: (key) => guard(() => get(client, Bucket, key)),
    has: (key) => guard(() => has(client, Bucket, key)),
    delete: (key) =>
      guard(async () => {
        const command = new DeleteObjectCommand({ Bucket, Key: nameOf(key) });
        await client.send(command, within(PATIENT_MS));
      }),
    list: () => list(client, Bucket, guard),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

const clientOf = ({ region, endpoint, credentials }: S3Options): S3Client =>
  new S3Client({
    region,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1000 },
    // Servers other than AWS know the older checksums only.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
  });

const within = (ms: number): { readonly abortSignal: AbortSignal } => ({
  abortSignal: AbortSignal.timeout(ms),
});

async function put(client: S3Client, bucket: string, key: ObjectKey, bytes: Buffer): Promise<void> {
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: nameOf(key),
    Body: bytes,
    ContentType: 'image/jpeg',
  });
  await client.send(command, within(PROMPT_MS));
}

async function get(client: S3Client, bucket: string, key: ObjectKey): Promise<Buffer | null> {
  const limit = within(PROMPT_MS);
  return orNull(async () => {
    const command = new GetObjectCommand({ Bucket: bucket, Key: nameOf(key) });
    const { Body } = await client.send(command, limit);
    return Body === undefined ? null : Buffer.from(await Body.transformToByteArray());
  });
}

async function has(client: S3Client, bucket: string, key: ObjectKey): Promise<boolean> {
  const command = new HeadObjectCommand({ Bucket: bucket, Key: nameOf(key) });
  return (await orNull(() => client.send(command, within(PROMPT_MS)))) !== null;
}

/** What is not there is an answer, not a fault. */
async function orNull<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function* list(
  client: S3Client,
  bucket: string,
  guard: Guard,
): AsyncGenerator<{ readonly key: ObjectKey; readonly writtenAt: number }> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: PREFIX,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page = await guard(() => client.send(command, within(PATIENT_MS)));
    for (const { Key, LastModified } of page.Contents ?? [])
      if (Key !== undefined && LastModified !== undefined)
        yield { key: keyOf(Key), writtenAt: LastModified.getTime() };
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

type Guard = <Result>(work: () => Promise<Result>) => Promise<Result>;

const guardOf =
  (circuit: Circuit, place: string): Guard =>
  (work) =>
    circuit.execute(() =>
      work().catch((error: unknown) => {
        throw error instanceof ObjectStoreUnavailable ? error : toObjectStoreError(error, place);
      }),
    );
