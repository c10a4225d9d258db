import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { CommandFailed, runCommand, UsageError } from './records/run-command.ts';
import { localWeb } from './settings/local-web.ts';

const HELP = `npm run report -- [options]

Writes the accuracy page as one HTML file that needs nothing else: to send, to print, to keep. The program must be running.

  --window WINDOW    whose details it shows: one of WINDOWS, such as 7d (default: as the page does)
  --version NAME     model version (default: the one that answered last)
  --out FILE         default truthloop-report.html
  --url URL          of web (default: WEB_PORT on this machine)

From another machine it needs the ops key in OPS_KEY (it stands in secrets.env).
`;

interface Listed {
  readonly estimates: readonly { readonly model_version: string; readonly window: string }[];
}

async function writeReport(): Promise<void> {
  const { values } = parseArgs({
    options: {
      window: { type: 'string' },
      version: { type: 'string' },
      url: { type: 'string', default: localWeb() },
      out: { type: 'string', default: 'truthloop-report.html' },
    },
  });
  const { estimates } = JSON.parse(
    (await get(new URL('/api/accuracy', values.url))).toString('utf8'),
  ) as Listed;
  check(
    'version',
    values.version,
    estimates.map((one) => one.model_version),
  );
  check(
    'window',
    values.window,
    estimates.map((one) => one.window),
  );
  const address = new URL('/accuracy', values.url);
  if (values.window !== undefined) address.searchParams.set('window', values.window);
  if (values.version !== undefined) address.searchParams.set('model_version', values.version);
  const page = await get(address);
  writeFileSync(values.out, await selfContained(page.toString('utf8'), values.url));
  console.log(`${values.out} written from ${address.href}`);
}

/** The page shows something else where it does not know a name; a file that is kept must not. */
function check(option: string, asked: string | undefined, known: readonly string[]): void {
  if (asked === undefined || known.includes(asked)) return;
  const those = [...new Set(known)];
  throw new UsageError(
    `--${option} ${asked}: there is no estimate of it. ${those.length === 0 ? 'There is none at all yet.' : `There are some of: ${those.join(', ')}.`}`,
  );
}

async function get(address: URL): Promise<Buffer> {
  const key = process.env['OPS_KEY'] ?? '';
  const headers = { Accept: 'text/html,*/*', ...(key && { Authorization: `Bearer ${key}` }) };
  const answer = await fetch(address, { headers }).catch((cause: unknown) => {
    throw new CommandFailed(
      `${address.origin} can't be reached. Is Truthloop running there? If it is elsewhere, say where with --url.`,
      { cause },
    );
  });
  if (answer.status === 401)
    throw new CommandFailed(
      `${address.origin} wants the ops key: set OPS_KEY (it stands in secrets.env).`,
    );
  if (!answer.ok)
    throw new CommandFailed(`${address.href} answered ${answer.status}; expected 200.`);
  return Buffer.from(await answer.arrayBuffer());
}

/** @param base where the page comes from */
async function selfContained(html: string, base: string): Promise<string> {
  let page = html
    .replace(/<(header|footer|nav)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<a class="skip"[^>]*>[^<]*<\/a>/, '')
    .replace(/<link rel="icon"[^>]*>/, '');
  const style = /<link rel="stylesheet" href="([^"]+)">/.exec(page);
  if (style !== null) {
    const css = (await get(new URL(style[1] ?? '', base))).toString('utf8');
    page = page.replace(style[0], () => `<style>${css}</style>`);
  }
  for (const [, source = ''] of page.matchAll(/<img [^>]*?src="(\/[^"]+)"/g)) {
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

await runCommand(HELP, writeReport);
