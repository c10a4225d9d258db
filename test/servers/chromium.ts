import { type Browser, chromium } from 'playwright-core';

import { INSTALL_ALL } from './server.ts';

/** A real browser, closed by `stop()`. */
export interface StartedBrowser {
  readonly browser: Browser;
  readonly stop: () => Promise<void>;
}

/** Each switch keeps it from calling home, where nothing would answer. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the system's Chromium, headless, with an empty profile. CHROMIUM names another binary. */
export async function startChromium(): Promise<StartedBrowser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: QUIET }).catch((cause: unknown) => {
    throw new Error(`Chromium is needed by this test; to install it ${INSTALL_ALL}.`, { cause });
  });
  return { browser, stop: () => browser.close() };
}
