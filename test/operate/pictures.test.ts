import { describePictures } from './pictures.ts';

describePictures('disk', () => Promise.resolve({}));
