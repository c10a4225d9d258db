import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';

import axios, { type AxiosResponse, isAxiosError } from 'axios';

import { ImageHostUnavailable, RequestInvalid, UploadRejected } from '../../domain/errors.ts';
import type { FetchImage } from '../../ports/fetch-image.ts';
import { type Address, isPublicAddress, type Resolve, resolveByDns } from './public-address.ts';

export interface FetchImageOptions {
  /** Allowed hosts in small letters, with the port unless it is the scheme's own. */
  readonly hosts: readonly string[];
  readonly bytesMax: number;
  /** Longest time for one image, ms. */
  readonly timeoutMs: number;
  readonly resolve?: Resolve;
  /** Which addresses may be connected to. */
  readonly isAllowedAddress?: (address: string) => boolean;
}

/**
 * Fetches images from allowed hosts. The name is resolved once, each of its addresses must be a public one, and the
 * connection goes to that very address: a name that changes its mind in between leads nowhere else. No redirect is
 * followed, no proxy used, no credentials sent.
 */
export function createFetchImage(options: FetchImageOptions): FetchImage {
  const { resolve = resolveByDns, isAllowedAddress = isPublicAddress } = options;
  const hosts = new Set(options.hosts);
  return async (text) => {
    const url = readAddress(text, hosts);
    const address = await addressOf(url, resolve, isAllowedAddress);
    const response = await ask(url, address, options);
    if (response.status === 200) return response.data;
    throw refusal(url, response.status);
  };
}

function readAddress(text: string, hosts: ReadonlySet<string>): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new RequestInvalid('image_url: expected an http or https address.');
  if (url.username !== '' || url.password !== '')
    throw new RequestInvalid('image_url: expected an address without user and password.');
  if (!hosts.has(url.host))
    throw new RequestInvalid(`image_url: ${url.host} is not among ALLOWED_IMAGE_HOSTS.`);
  return url;
}

async function addressOf(
  url: URL,
  resolve: Resolve,
  isAllowedAddress: (address: string) => boolean,
): Promise<Address> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const written = isIP(hostname);
  const addresses: readonly Address[] =
    written === 0
      ? await resolve(hostname).catch((error: unknown) => {
          throw new ImageHostUnavailable(`image_url: ${url.host} has no address just now.`, {
            cause: error,
          });
        })
      : [{ address: hostname, family: written === 6 ? 6 : 4 }];
  const [first] = addresses;
  if (first === undefined || !addresses.every(({ address }) => isAllowedAddress(address)))
    throw new RequestInvalid(`image_url: ${url.host} leads into a private network.`);
  return first;
}

async function ask(
  url: URL,
  { address, family }: Address,
  { bytesMax, timeoutMs }: FetchImageOptions,
): Promise<AxiosResponse<Buffer>> {
  // The agents connect to the address that was looked at, whatever the name resolves to by then.
  const lookup = (
    _hostname: string,
    _options: object,
    done: (error: Error | null, addresses: readonly { address: string; family: number }[]) => void,
  ): void => {
    done(null, [{ address, family }]);
  };
  const agentOptions = { lookup, autoSelectFamily: true, keepAlive: false } as http.AgentOptions;
  try {
    return await axios.get<Buffer>(url.href, {
      responseType: 'arraybuffer',
      httpAgent: new http.Agent(agentOptions),
      httpsAgent: new https.Agent(agentOptions),
      maxContentLength: bytesMax,
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
      headers: { Accept: 'image/jpeg, image/png, image/webp' },
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    if (isAxiosError(error) && error.message.includes('maxContentLength'))
      throw new UploadRejected('bytes', `image_url: the image is larger than ${bytesMax} bytes.`);
    throw new ImageHostUnavailable(
      `image_url: ${url.host} did not give the image within ${timeoutMs} ms.`,
      { cause: error },
    );
  }
}

function refusal(url: URL, status: number): Error {
  if (status >= 500 || status === 429)
    return new ImageHostUnavailable(`image_url: ${url.host} answered ${status}.`);
  const reason =
    status >= 300 && status < 400 ? 'a redirect, which is not followed' : 'expected 200';
  return new UploadRejected('missing', `image_url: ${url.host} answered ${status}: ${reason}.`);
}
