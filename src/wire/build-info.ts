import { readFileSync } from 'node:fs';

/** Version of the program, and the revision where an image was built with one (a file REVISION beside package.json). */
export function buildInfo(): { readonly version: string; readonly revision: string } {
  const { version } = JSON.parse(read('package.json') ?? '{"version":"unknown"}') as {
    version: string;
  };
  return { version, revision: read('REVISION')?.trim() ?? 'none' };
}

/** src/ and dist/ lie equally deep below the program's folder. */
function read(name: string): string | null {
  try {
    return readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  } catch {
    return null;
  }
}
