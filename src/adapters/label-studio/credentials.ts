import type { Clock } from '../../ports/clock.ts';

/** How requests show who we are; a personal access token has to be exchanged for a short-lived one. */
export interface Credentials {
  /** Value of the Authorization header, renewed ahead of its end. */
  header(): Promise<string>;
  /** Forgets a token that was refused. @returns true when a fresh one can be had */
  renew(): boolean;
}

/** Exchanges a personal access token for an access token. */
export type Exchange = (personalToken: string) => Promise<string>;

const LEGACY_TOKEN = /^[0-9a-f]{40}$/i;
const ASSUMED_LIFETIME_MS = 300_000;
/** A token is renewed when less than this part of its life is left, so that none ends on the way. */
const RENEW_AT_LEFT = 0.2;

/**
 * Label Studio has two kinds of token, told apart by shape: 40 hex characters are a legacy token, sent as it is; anything
 * else is a personal access token, good only for getting access tokens that live 300 s.
 */
export function createCredentials(token: string, exchange: Exchange, clock: Clock): Credentials {
  if (LEGACY_TOKEN.test(token))
    return { header: () => Promise.resolve(`Token ${token}`), renew: () => false };
  let current: { readonly header: string; readonly renewAt: number } | null = null;
  let underWay: Promise<string> | null = null;
  const fetchAccess = async (): Promise<string> => {
    const access = await exchange(token);
    const life = lifetimeMs(access) * (1 - RENEW_AT_LEFT);
    current = { header: `Bearer ${access}`, renewAt: clock.now() + life };
    return current.header;
  };
  return {
    header() {
      if (current !== null && clock.now() < current.renewAt) return Promise.resolve(current.header);
      // Requests that come together share one exchange.
      underWay ??= fetchAccess().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    renew() {
      current = null;
      return true;
    },
  };
}

/** Life of an access token by its own claims: their difference, since the two machines' clocks may differ. */
function lifetimeMs(access: string): number {
  try {
    const payload = Buffer.from(access.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { exp, iat } = JSON.parse(payload) as { exp?: unknown; iat?: unknown };
    if (typeof exp === 'number' && typeof iat === 'number' && exp > iat) return (exp - iat) * 1000;
  } catch {
    // Not a JWT that we can read: what Label Studio documents is assumed.
  }
  return ASSUMED_LIFETIME_MS;
}
