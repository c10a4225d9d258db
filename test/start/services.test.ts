import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';

import { describeMissing } from '../../scripts/start/launch.mjs';
import { tryPort } from '../../scripts/start/ports.mjs';
import { askReady } from '../../scripts/start/process.mjs';
import {
  checkPorts,
  findOnPath,
  ownsLabelStudio,
  planServices,
} from '../../scripts/start/services.mjs';
import { temporaryFolder, writeText } from '../servers/server.ts';

const config = {
  ROLES: ['web', 'classifier', 'sync'],
  WEB_PORT: 5000,
  CLASSIFIER_PORT: 8000,
  SYNC_PORT: 8081,
  LABEL_STUDIO_PORT: 8080,
  PROMETHEUS_PORT: 9090,
  GRAFANA_PORT: 3000,
};
const nothing = { labelStudio: false, prometheus: null, grafana: null };

async function occupied(): Promise<{ port: number; release: () => Promise<void> }> {
  // Read from, or the end of a connection would go unnoticed.
  const server = net.createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const release = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  return { port, release };
}

describe('what npm start brings up', () => {
  it('is the roles, and what runs beside them, each with the setting of its port', () => {
    const all = planServices(config, {
      labelStudio: true,
      prometheus: '/usr/bin/prometheus',
      grafana: '/usr/bin/grafana',
    });
    assert.deepEqual(
      all.map(({ setting, port }) => [setting, port]),
      [
        ['WEB_PORT', 5000],
        ['CLASSIFIER_PORT', 8000],
        ['SYNC_PORT', 8081],
        ['LABEL_STUDIO_PORT', 8080],
        ['PROMETHEUS_PORT', 9090],
        ['GRAFANA_PORT', 3000],
      ],
    );
    const web = planServices({ ...config, ROLES: ['web'] }, nothing);
    assert.deepEqual(
      web.map(({ name }) => name),
      ['Web'],
    );
  });

  it('has a Label Studio of its own only when the sync runs here and no other is named', () => {
    assert.equal(ownsLabelStudio(config, {}), true);
    assert.equal(ownsLabelStudio(config, { LABEL_STUDIO_URL: '' }), true);
    assert.equal(
      ownsLabelStudio(config, { LABEL_STUDIO_URL: 'https://labels.example.org' }),
      false,
    );
    assert.equal(ownsLabelStudio({ ROLES: ['web'] }, {}), false);
  });

  it('has only programs beside it: a folder of the name on the PATH is none', () => {
    const [repository, programs] = [temporaryFolder('path'), temporaryFolder('path')];
    mkdirSync(path.join(repository, 'prometheus'));
    assert.equal(findOnPath('prometheus', { PATH: repository }), null);
    const program = writeText(programs, 'prometheus', '');
    assert.equal(findOnPath('prometheus', { PATH: programs }), null, 'may not be executed');
    chmodSync(program, 0o755);
    const PATH = [repository, programs].join(path.delimiter);
    assert.equal(findOnPath('prometheus', { PATH }), program);
  });

  it('a port in use stops the start with its setting, and a free port to copy', async () => {
    const { port, release } = await occupied();
    const services = planServices({ ...config, ROLES: ['web'], WEB_PORT: port }, nothing);
    const error = await checkPorts(services, '127.0.0.1').then(
      () => null,
      (reason: unknown) => reason as Error,
    );
    await release();
    assert.match(
      error?.message ?? '',
      new RegExp(`Port ${port} \\(Web, setting WEB_PORT\\) is in use`),
    );
    const offered = Number(/WEB_PORT=(\d+) npm start/.exec(error?.message ?? '')?.[1]);
    assert.equal(await tryPort(offered, '127.0.0.1'), offered);
  });

  it('every port in use is named at once, each with another free one', async () => {
    const [first, second] = [await occupied(), await occupied()];
    const ports = { ROLES: ['web', 'sync'], WEB_PORT: first.port, SYNC_PORT: second.port };
    const error = await checkPorts(
      planServices({ ...config, ...ports }, nothing),
      '127.0.0.1',
    ).then(
      () => null,
      (reason: unknown) => reason as Error,
    );
    await first.release();
    await second.release();
    const offered = /WEB_PORT=(\d+) SYNC_PORT=(\d+) npm start/.exec(error?.message ?? '');
    assert.ok(offered !== null, error?.message);
    assert.notEqual(offered[1], offered[2]);
  });

  it('a second start beside a running one says that it runs already', async () => {
    const server = createServer((_request, response) => {
      response.end(JSON.stringify({ ready: true, checks: { store: true } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const services = planServices({ ...config, ROLES: ['web'], WEB_PORT: port }, nothing);
    const started = checkPorts(services, '127.0.0.1');
    await assert.rejects(
      started,
      new RegExp(`runs already: http://127.0.0.1:${port}[^]*DATA_DIR=\\S+ WEB_PORT=\\d+ npm start`),
    );
    server.closeAllConnections();
    server.close();
  });

  it('a role that answers and is not ready says what it lacks, and what to do about it', async () => {
    const server = createServer((_request, response) => {
      response.statusCode = 503;
      response.end(JSON.stringify({ ready: false, checks: { store: true, classifier: false } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await askReady(`http://127.0.0.1:${port}/readyz`);
    server.closeAllConnections();
    server.close();
    assert.deepEqual(answer, { isReady: false, failing: ['classifier'] });
    const elsewhere = { ROLES: ['web', 'sync'], CLASSIFIER_URL: 'http://127.0.0.1:8000' };
    assert.match(
      describeMissing(answer.failing, elsewhere),
      /no classifier answers at http:\/\/127.0.0.1:8000: start one, or set CLASSES_FILE/,
    );
    assert.equal(describeMissing([], elsewhere), '');
  });

  it('free ports pass', async () => {
    const { port, release } = await occupied();
    await release();
    await checkPorts(planServices({ ROLES: ['web'], WEB_PORT: port }, nothing), '127.0.0.1');
  });

  it('two settings with one port are told before anything starts', async () => {
    const services = planServices(
      { ...config, PROMETHEUS_PORT: 8080 },
      {
        labelStudio: true,
        prometheus: '/usr/bin/prometheus',
        grafana: null,
      },
    );
    await assert.rejects(
      checkPorts(services, '127.0.0.1'),
      /LABEL_STUDIO_PORT and PROMETHEUS_PORT are both 8080/,
    );
  });

  it('an address that this machine does not have is told as a fault of HOST', async () => {
    const services = planServices({ ...config, ROLES: ['web'] }, nothing);
    await assert.rejects(checkPorts(services, '192.0.2.1'), /HOST=192\.0\.2\.1/);
  });
});
