import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** A text file written piece by piece, waiting whenever the disk is slower. */
export interface LineFile {
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes (or empties) the file. */
export function createLineFile(file: string): LineFile {
  const stream = createWriteStream(file, { encoding: 'utf8', mode: 0o640 });
  // A fault of the disk (full, gone) is told by whatever waits for the stream.
  const end = finished(stream);
  end.catch(() => undefined);
  return {
    async write(text) {
      if (stream.write(text)) return;
      await Promise.race([once(stream, 'drain'), end]);
    },
    async close() {
      stream.end();
      await end;
    },
  };
}
