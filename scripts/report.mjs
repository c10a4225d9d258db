#!/usr/bin/env node
// `npm run report -- [--window 7d] [--version NAME] [--url http://127.0.0.1:5000] [--out report.html]`
// The accuracy page as one file that needs nothing else: styles and pictures are put into it.
// With OPS_KEY in the environment it also works from another machine.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    window: { type: 'string' },
    version: { type: 'string' },
    url: { type: 'string', default: `http://127.0.0.1:${process.env.WEB_PORT ?? 5000}` },
    out: { type: 'string', default: 'truthloop-report.html' },
  },
});

try {
  const address = new URL('/accuracy', options.url);
  if (options.window !== undefined) address.searchParams.set('window', options.window);
  if (options.version !== undefined) address.searchParams.set('model_version', options.version);
  const page = await get(address);
  writeFileSync(options.out, await selfContained(page.toString('utf8'), options.url));
  console.log(`${options.out} written from ${address.href}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {URL} address */
async function get(address) {
  const key = process.env.OPS_KEY;
  const headers = { Accept: 'text/html,*/*', ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  const answer = await fetch(address, { headers }).catch((cause) => {
    throw new Error(`${address.origin} can't be reached. Is Truthloop running there?`, { cause });
  });
  if (answer.status === 401)
    throw new Error(`${address.origin} wants the ops key: set OPS_KEY (it stands in secrets.env).`);
  if (!answer.ok) throw new Error(`${address.href} answered ${answer.status}; expected 200.`);
  return Buffer.from(await answer.arrayBuffer());
}

/** @param {string} html @param {string} base */
async function selfContained(html, base) {
  let page = html
    .replace(/<(header|footer|nav)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<a class="skip"[^>]*>[^<]*<\/a>/, '');
  page = page.replace(/<link rel="icon"[^>]*>/, '');
  const style = /<link rel="stylesheet" href="([^"]+)">/.exec(page);
  if (style !== null) {
    const css = (await get(new URL(style[1], base))).toString('utf8');
    page = page.replace(style[0], () => `<style>${css}</style>`);
  }
  for (const [, source] of page.matchAll(/<img [^>]*?src="(\/[^"]+)"/g)) {
    const picture = await get(new URL(source.replaceAll('&amp;', '&'), base));
    page = page.replaceAll(
      `src="${source}"`,
      `src="data:image/jpeg;base64,${picture.toString('base64')}"`,
    );
  }
  // A printed or mailed report hides nothing, and links lead nowhere from a file.
  page = page.replaceAll('<details>', '<details open>').replace(/<form\b[\s\S]*?<\/form>/g, '');
  return page.replace(/<a href="\/[^"]*"[^>]*>([\s\S]*?)<\/a>/g, '$1');
}
