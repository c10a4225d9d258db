import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

import type { RequestHandler } from 'express';

import { NotFound } from '../domain/errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

interface PageAsset {
  readonly bytes: Buffer;
  readonly type: string;
  /** Name with a digest of the content in it: it may be cached for ever. */
  readonly path: string;
}

/** Styles, scripts and pictures of the pages, held in memory. */
export interface PageAssets {
  /** @returns the address of an asset, for a page */
  path(name: string): string;
  readonly serve: RequestHandler<{ name: string }>;
}

/** @param folder its files, read once */
export function loadPageAssets(folder: URL): PageAssets {
  const byName = new Map<string, PageAsset>();
  const byPath = new Map<string, PageAsset>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const asset = assetOf(name, type, readFileSync(new URL(name, folder)));
    byName.set(name, asset);
    byPath.set(asset.path, asset);
  }
  return {
    path: (name) => {
      const asset = byName.get(name);
      if (asset === undefined) throw new TypeError(`There is no asset ${name} in ${folder.href}`);
      return asset.path;
    },
    serve: (request, response) => {
      const asset = byPath.get(request.path);
      if (asset === undefined) throw new NotFound('There is no such file here.');
      response
        .set({
          'Content-Type': asset.type,
          'Cache-Control': 'public, max-age=31536000, immutable',
        })
        .send(asset.bytes);
    },
  };
}

function assetOf(name: string, type: string, bytes: Buffer): PageAsset {
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
  const suffix = extname(name);
  return { bytes, type, path: `/assets/${name.slice(0, -suffix.length)}-${digest}${suffix}` };
}
