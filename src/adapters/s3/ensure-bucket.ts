import { CreateBucketCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';

import { ObjectStoreUnavailable } from '../../domain/errors.ts';
import { isMissing } from './s3-error.ts';

/**
 * Makes sure that the bucket is there.
 * @param mayCreate a missing one is made; else it is a fault: on a shared service a misspelt name must not make a bucket
 */
export async function ensureBucket(
  client: S3Client,
  bucket: string,
  mayCreate: boolean,
  timeoutMs: number,
): Promise<void> {
  const limit = { abortSignal: AbortSignal.timeout(timeoutMs) };
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), limit);
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (!mayCreate)
      throw new ObjectStoreUnavailable(
        `There is no bucket ${bucket}: make it, or set S3_BUCKET to one that is there`,
        { cause: error },
      );
    await create(client, bucket, limit);
  }
}

async function create(
  client: S3Client,
  bucket: string,
  limit: { readonly abortSignal: AbortSignal },
): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }), limit);
  } catch (error) {
    // Another process made it at the same moment.
    if ((error as { name?: unknown }).name !== 'BucketAlreadyOwnedByYou') throw error;
  }
}
