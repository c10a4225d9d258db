import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';

import { plain } from '../adapters/onnx/tiny-model.ts';
import { FORM_HEADERS, wholeForm } from '../fixtures/hostile-requests.ts';
import { runSchemathesis } from '../servers/schemathesis.ts';
import { temporaryFolder } from '../servers/server.ts';
import { send } from './send.ts';
import { type Measured, startMeasured } from './start-measured.ts';

const SECONDS = 25;
const KEY = { Authorization: 'Bearer key-of-schemathesis' };

describe('a client that makes its requests from the documents', function () {
  this.timeout(600_000);
  let program: Measured;
  let folder: string;
  before(async () => {
    folder = temporaryFolder('schemathesis');
    // One key for both: schemathesis shows the same to every operation.
    program = await startMeasured({
      OPS_KEY: 'key-of-schemathesis',
      INGEST_KEY: 'key-of-schemathesis',
    });
  });
  after(async () => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds no 5xx and no undocumented answer at the classifier', async () => {
    const url = program.classifierUrl;
    const { code, output } = await runSchemathesis({ folder, url, headers: KEY, seconds: SECONDS });
    if (process.env['SHOW_OUTPUT'] !== undefined) console.log(output);
    assert.equal(code, 0, output);
    assert.match(output, /\d+ generated, \d+ passed|passed/, output);
  });
  it('finds none at web', async () => {
    const uploaded = await send(`${program.webUrl}/predict`, {
      headers: FORM_HEADERS,
      body: wholeForm(await plain('#ff0000')),
    });
    const { id } = JSON.parse(uploaded.body) as { id: string };
    const { code, output } = await runSchemathesis({
      folder,
      url: program.webUrl,
      headers: KEY,
      parameters: { 'path.id': id },
      seconds: SECONDS,
    });
    if (process.env['SHOW_OUTPUT'] !== undefined) console.log(output);
    assert.equal(code, 0, output);
    assert.match(output, /passed/, output);
  });
});
