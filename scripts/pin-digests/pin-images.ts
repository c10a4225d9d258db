/** `image: name:tag` of a compose file and `FROM name:tag AS stage` of a Dockerfile, with or without a digest. */
const IMAGE = /^(\s*image: |FROM )(?!truthloop)([\w./-]+:[\w.-]+)(@sha256:[0-9a-f]{64})?(?=\s|$)/gm;

/**
 * Puts `@sha256:...` behind every image that comes from a registry; images built here, and stages, have none.
 * @param text content of a compose file or a Dockerfile
 * @param digestOf asks the registry; called once an image
 * @returns the text, and every image with its digest
 */
export async function pinImages(
  text: string,
  digestOf: (image: string) => Promise<string>,
): Promise<{ readonly text: string; readonly pinned: readonly string[] }> {
  const images = new Set([...text.matchAll(IMAGE)].map(([, , image]) => image ?? ''));
  const digests = new Map<string, string>();
  for (const image of images) digests.set(image, await digestOf(image));
  return {
    text: text.replace(
      IMAGE,
      (_all, before: string, image: string) => `${before}${pin(image, digests)}`,
    ),
    pinned: [...images].map((image) => pin(image, digests)),
  };
}

const pin = (image: string, digests: ReadonlyMap<string, string>): string =>
  `${image}@${digests.get(image) ?? ''}`;
