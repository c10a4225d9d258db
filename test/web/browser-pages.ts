import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Browser, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page that notes everything the browser's console says. */
export interface WatchedPage {
  readonly page: Page;
  /** Warnings and errors, content security policy reports among them. */
  readonly complaints: string[];
  close(): Promise<void>;
}

export async function openPage(
  browser: Browser,
  options: {
    readonly width?: number;
    readonly colorScheme?: 'light' | 'dark';
    readonly javaScriptEnabled?: boolean;
  } = {},
): Promise<WatchedPage> {
  const { width = 1280, ...others } = options;
  const context = await browser.newContext({ viewport: { width, height: 800 }, ...others });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints, close: () => context.close() };
}

/** What axe-core finds wrong, one line each. */
export async function axeViolations(page: Page): Promise<string[]> {
  // The page's own policy refuses injected scripts, so it is evaluated by the debugger, which is outside of it.
  await page.evaluate(AXE);
  return page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(
      ({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | ')))`,
  );
}
