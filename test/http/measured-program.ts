import { readFileSync, writeFileSync } from 'node:fs';

import { parseConfig } from '../../src/config/parse-config.ts';
import { wire } from '../../src/wire.ts';

/*
 * The program itself, in a process of its own that tells what it has used: CPU time of all its threads, and the highest
 * memory since it was asked to begin (on Linux; elsewhere what it holds at the end).
 */
const begun = { cpu: process.cpuUsage(), rss: 0 };

function begin(): void {
  begun.cpu = process.cpuUsage();
  begun.rss = process.memoryUsage.rss();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux: there is no highest value to forget.
  }
}

function highestRss(): number {
  try {
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return Number(kibibytes) * 1024;
  } catch {
    return process.memoryUsage.rss();
  }
}

const service = await wire(parseConfig(process.env));
await service.start();
process.on('message', (said: 'begin' | 'end' | 'stop') => {
  if (said === 'begin') begin();
  const { user, system } = process.cpuUsage(begun.cpu);
  const used = { cpuSeconds: (user + system) / 1e6, growthBytes: highestRss() - begun.rss };
  if (said === 'stop') void service.stop().then(() => process.exit(0));
  else process.send?.(used);
});
process.send?.('ready');
