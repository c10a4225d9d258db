import { type S3Server, startMinio } from '../servers/minio.ts';
import { describePictures } from './pictures.ts';

let minio: S3Server;
after(() => minio.stop());

describePictures('S3', async () => {
  minio = await startMinio();
  return {
    OBJECTS: 's3',
    S3_ENDPOINT: minio.url,
    S3_BUCKET: 'pictures',
    AWS_ACCESS_KEY_ID: minio.accessKeyId,
    AWS_SECRET_ACCESS_KEY: minio.secretAccessKey,
  };
});
