import { lookup } from 'node:dns/promises';

import ipaddr from 'ipaddr.js';

/** One address of a host name. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Finds the addresses of a host name (or of an address written as one). Rejects when it has none. */
export type Resolve = (hostname: string) => Promise<readonly Address[]>;

export const resolveByDns: Resolve = async (hostname) => {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/**
 * Does this address lead out into the internet? No private, loopback, link-local, shared (CGNAT), multicast, reserved or
 * documentation range does, nor an IPv6 form that wraps an IPv4 address (mapped, 6to4, Teredo, NAT64): what it wraps may
 * be any of these.
 * @see IANA special-purpose address registries, RFC 6890
 */
export const isPublicAddress = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unicast';
