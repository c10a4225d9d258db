// @ts-check
import { randomInt } from 'node:crypto';
import net from 'node:net';

/**
 * @param {number} port 0 picks one
 * @param {string} host
 * @returns {Promise<number | null>} the port that could be bound (and is free again), or null when it is taken
 */
export function tryPort(port, host) {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(null);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const bound = /** @type {net.AddressInfo} */ (server.address()).port;
      server.close(() => resolve(bound));
    });
  });
}

/** Below the ports that systems give to outgoing connections: none of these takes one while its server restarts. */
const [LOWEST, BEYOND] = [15_000, 32_000];
const TRIES_MAX = 1000;
/** Whoever got one may not listen on it yet, or may be restarting. */
const given = new Set();

/** @param {string} [host] @returns {Promise<number>} a port that is free now, and that this process was not given before */
export async function freePort(host = '127.0.0.1') {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(LOWEST, BEYOND);
    if (given.has(port)) continue;
    given.add(port);
    if ((await tryPort(port, host)) !== null) return port;
  }
  throw new Error(`no free port on ${host}`);
}

/**
 * The next free port above one that is taken: easier to remember than one from the middle of nowhere.
 * @param {number} port
 * @param {string} host
 * @param {ReadonlySet<number>} spoken ports that other settings want
 */
export async function freePortNear(port, host, spoken) {
  for (let candidate = port + 1; candidate < Math.min(port + 100, 65_536); candidate += 1) {
    if (!spoken.has(candidate) && (await tryPort(candidate, host)) !== null) return candidate;
  }
  return freePort(host);
}
