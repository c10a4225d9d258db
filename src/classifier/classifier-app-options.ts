import type { RequestHandler } from 'express';

import type { RateLimitOptions } from '../http/limit-rate.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { Models } from './models.ts';

/** Everything that the classifier role is made of; wire builds it. */
export interface ClassifierAppOptions {
  readonly models: Models;
  readonly meter: Meter;
  readonly log: Log;
  /** The role's metrics in Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Counts requests; set up by wire. */
  readonly instrument: RequestHandler;
  /** False while starting or draining. */
  readonly isReady: () => boolean;
  readonly uploadBytesMax: number;
  readonly opsKey: string;
  /** Requests to classify that one client may make in a minute, and proxies in front that name the client; none: no limit. */
  readonly rateLimit?: RateLimitOptions & { readonly trustProxy: number };
}
