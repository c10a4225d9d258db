#!/usr/bin/env node
// `npm start`. The version is checked before anything else is loaded: the rest uses what an older Node can't read.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Node.js 20.19 or newer is needed; this is ${process.versions.node} (${process.execPath}). Install a newer one from https://nodejs.org or with your version manager (nvm install), then run npm start again.`,
  );
  process.exit(1);
}
import('./start/main.mjs').then(({ main }) => main());
