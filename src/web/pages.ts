import { fileURLToPath } from 'node:url';

import { Eta } from 'eta';
import type { Response } from 'express';

import { loadPageAssets, type PageAssets } from './page-assets.ts';

const VIEWS = new URL('./views/', import.meta.url);
const ASSETS = new URL('./assets/', import.meta.url);

/** Server-made pages. */
export interface Pages {
  readonly assets: PageAssets;
  /**
   * Sends a page, never cached: it says what is true now, to the person who asked.
   * @param view file name in views/, without suffix
   * @param data what the view shows; everything is escaped
   */
  send(response: Response, view: string, data: object): void;
}

/** @param facts said on every page */
export function createPages(facts: { readonly hasUpload: boolean }): Pages {
  const eta = new Eta({ views: fileURLToPath(VIEWS), cache: true, autoEscape: true });
  const assets = loadPageAssets(ASSETS);
  return {
    assets,
    send: (response, view, data) => {
      const asset = (name: string): string => assets.path(name);
      const html = eta.render(`./${view}`, { ...facts, asset, ...data });
      response.set('Cache-Control', 'no-store').type('html').send(html);
    },
  };
}
