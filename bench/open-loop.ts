import http from 'node:http';

import { quantile } from './quantile.ts';

/** One request of an open-loop run. */
export interface Sample {
  /** 0: no answer at all. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** From when it was due, not from when it could be sent: a late generator must not hide a slow server. */
  readonly latencyMs: number;
}

/**
 * So many clients that each send one body after the other: what this generator can get at most out of a server with which it
 * shares the processors.
 * @returns answers a second, and their slowest hundredth, ms
 */
export async function peakOf(options: {
  readonly url: string;
  readonly bodies: readonly Buffer[];
  readonly clients: number;
  readonly seconds: number;
}): Promise<{ readonly perSecond: number; readonly p99Ms: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: options.clients });
  const until = performance.now() + options.seconds * 1000;
  const answered: number[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const body = options.bodies[sent++ % options.bodies.length] ?? Buffer.alloc(0);
      const { status, latencyMs } = await send(agent, options.url, body, performance.now());
      if (status === 200) answered.push(latencyMs);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  agent.destroy();
  return { perSecond: answered.length / options.seconds, p99Ms: quantile(answered, 0.99) };
}

/**
 * Sends bodies at Poisson arrivals, whether or not earlier ones were answered.
 * @param uniform draws in [0, 1)
 */
export async function openLoop(options: {
  readonly url: string;
  readonly bodies: readonly Buffer[];
  readonly perSecond: number;
  readonly seconds: number;
  readonly uniform: () => number;
}): Promise<Sample[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
  const begin = performance.now();
  const pending: Promise<Sample>[] = [];
  for (let due = 0; due < options.seconds * 1000;) {
    await until(begin + due);
    const body = options.bodies[pending.length % options.bodies.length] ?? Buffer.alloc(0);
    pending.push(send(agent, options.url, body, begin + due));
    due += (-Math.log(1 - options.uniform()) * 1000) / options.perSecond;
  }
  const samples = await Promise.all(pending);
  agent.destroy();
  return samples;
}

async function until(at: number): Promise<void> {
  const waitMs = at - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

function send(agent: http.Agent, url: string, body: Buffer, due: number): Promise<Sample> {
  return new Promise((resolve) => {
    const done = (status: number, retryAfter?: string): void => {
      resolve({ status, retryAfter, latencyMs: performance.now() - due });
    };
    const request = http.request(`${url}/predict`, {
      agent,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': body.length },
    });
    request.on('response', (response) => {
      response.resume().once('end', () => {
        done(response.statusCode ?? 0, response.headers['retry-after']);
      });
    });
    request.on('error', () => {
      done(0);
    });
    request.end(body);
  });
}
