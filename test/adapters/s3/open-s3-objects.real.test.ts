import assert from 'node:assert/strict';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { openS3Objects, type S3Options } from '../../../src/adapters/s3/open-s3-objects.ts';
import { createS3Circuit } from '../../../src/adapters/s3/s3-circuit.ts';
import { ObjectStoreUnavailable } from '../../../src/domain/errors.ts';
import { objectKey } from '../../../src/domain/ids.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';
import { describeObjectStore } from '../../contract/object-store.contract.ts';
import { createCountingMeter } from '../../fakes/counting-meter.ts';
import { type S3Server, startMinio } from '../../servers/minio.ts';

let server: S3Server;
let buckets = 0;

const optionsOf = ({ url, accessKeyId, secretAccessKey }: S3Server): S3Options => {
  buckets += 1;
  return {
    bucket: `bucket-${buckets}`,
    region: 'us-east-1',
    endpoint: url,
    credentials: { accessKeyId, secretAccessKey },
    circuit: createS3Circuit(),
  };
};

before(async function () {
  this.timeout(60_000);
  server = await startMinio();
});
after(() => server.stop());

describeObjectStore('s3', async () => {
  const options = optionsOf(server);
  return {
    objects: await openS3Objects(options),
    reopen: () => openS3Objects(options),
    dispose: () => Promise.resolve(),
  };
});

describe('s3 objects', () => {
  const keysOf = async (objects: ObjectStore): Promise<string[]> => {
    const keys = [];
    for await (const { key } of objects.list()) keys.push(key);
    return keys;
  };

  it('what else lies in the bucket is never listed', async () => {
    const options = optionsOf(server);
    const objects = await openS3Objects(options);
    const { region, endpoint, credentials, bucket: Bucket } = options;
    const client = new S3Client({
      region,
      forcePathStyle: true,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
    });
    await client.send(new PutObjectCommand({ Bucket, Key: 'theirs.jpg', Body: 'x' }));
    await objects.put(objectKey('images/a.jpg'), Buffer.from('x'));
    assert.deepEqual(await keysOf(objects), ['images/a.jpg']);
    client.destroy();
    await objects.close();
  });

  it('keys that do not open the bucket are told so, without the secret', async () => {
    const options = {
      ...optionsOf(server),
      credentials: { accessKeyId: 'test-access', secretAccessKey: 'wrong-secret' },
    };
    await assert.rejects(openS3Objects(options), (error: unknown) => {
      assert.ok(error instanceof ObjectStoreUnavailable);
      assert.match(error.message, /AWS_ACCESS_KEY_ID/);
      assert.ok(!error.message.includes('wrong-secret'));
      return true;
    });
  });

  it('a server that is away is told within two seconds, and is used again once it is back', async function () {
    this.timeout(60_000);
    const first = await startMinio();
    const objects = await openS3Objects(optionsOf(first));
    await first.stop();
    const began = performance.now();
    await assert.rejects(objects.put(objectKey('a'), Buffer.from('x')), ObjectStoreUnavailable);
    assert.ok(performance.now() - began < 2000);
    const again = await startMinio({ port: first.port });
    // The server came back empty: it answers, and says that the bucket is gone.
    await assert.rejects(objects.put(objectKey('a'), Buffer.from('x')), /NoSuchBucket/);
    await objects.close();
    await again.stop();
  });

  it('a server that stays away is left in peace, and is asked again by itself', async function () {
    this.timeout(60_000);
    const first = await startMinio();
    const options = optionsOf(first);
    const meter = createCountingMeter();
    const isOpen = (): number =>
      meter.value('truthloop_circuit_state', { dependency: 'objects', state: 'open' });
    options.circuit.showIn(meter);
    const objects = await openS3Objects(options);
    const put = (): Promise<void> => objects.put(objectKey('a'), Buffer.from('x'));
    await first.stop();
    for (let call = 0; call < 6; call += 1) await assert.rejects(put(), /can't serve just now/);
    assert.equal(isOpen(), 1);
    await assert.rejects(put(), /was not asked/);
    const again = await startMinio({ port: first.port });
    // Reads of what is not there succeed.
    while (
      !(await objects.get(objectKey('a')).then(
        () => true,
        () => false,
      ))
    );
    assert.equal(isOpen(), 0);
    await objects.close();
    await again.stop();
  });
});
