// @ts-check
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

/** @param {string} [host] @returns {Promise<number>} a port that is free now */
export async function freePort(host = '127.0.0.1') {
  const port = await tryPort(0, host);
  if (port === null) throw new Error(`no free port on ${host}`);
  return port;
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
