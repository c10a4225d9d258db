import type { Config } from '../config/parse-config.ts';
import { createImageLinks, type ImageLinks } from '../web/image-links.ts';

/** IMAGE_URL_KEY may hold several keys with commas: the first one signs, all are accepted while a key is being rotated. */
export function imageLinks(config: Config): ImageLinks {
  const [first = '', ...older] = config.IMAGE_URL_KEY.split(',');
  return createImageLinks({
    publicUrl: config.PUBLIC_URL,
    keys: [first, ...older],
    days: config.IMAGE_URL_DAYS,
  });
}
