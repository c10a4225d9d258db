// Keeps one platform of onnxruntime-node, which ships them all in one package.
// Usage: node prune-onnxruntime.mjs node_modules/onnxruntime-node
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const bin = path.join(process.argv[2] ?? '', 'bin');
for (const api of readdirSync(bin)) {
  const kept = path.join(bin, api, process.platform, process.arch);
  if (!existsSync(kept))
    throw new Error(`${kept} is missing: has onnxruntime-node another layout now?`);
  for (const platform of readdirSync(path.join(bin, api))) {
    for (const arch of readdirSync(path.join(bin, api, platform))) {
      const folder = path.join(bin, api, platform, arch);
      if (folder !== kept) rmSync(folder, { recursive: true });
    }
  }
}
