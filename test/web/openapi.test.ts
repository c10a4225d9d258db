import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { openApi } from '../../src/web/openapi.ts';

describe("web's description of its API", () => {
  it('names the same routes under /api as docs/http.md', () => {
    const { paths } = openApi({ classes: ['circle', 'square'], segments: [] });
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const page = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/`(GET|POST|PUT|DELETE) (\/api\/[\w/:-]+)`/g)].map(
      ([, method, path]) => `${method} ${path!.replace(/:(\w+)/g, '{$1}')}`,
    );
    assert.deepEqual(
      [...new Set(documented)].toSorted(),
      described.filter((route) => route.includes(' /api/')).toSorted(),
    );
  });
});
