import type { OpenPicture } from '../../ports/open-picture.ts';

const PATIENCE_MS = 10_000;

/** Over HTTP, following redirects, with nothing but the address. */
export const openPicture: OpenPicture = async (url) => {
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.arrayBuffer();
  } catch (error) {
    const { cause, message } = error as Error;
    return `it can't be reached (${cause instanceof Error ? cause.message : message})`;
  }
  const type = answer.headers.get('content-type') ?? 'nothing';
  if (answer.status === 403)
    return 'it answers 403: the web role there has another IMAGE_URL_KEY, or its clock is wrong';
  if (!answer.ok) return `it answers ${answer.status}`;
  return type.startsWith('image/') ? null : `it answers with ${type} instead of a picture`;
};
