/**
 * Brings an image from another server.
 * @param address as a reporting service gave it
 * @returns its bytes, of whatever type
 * @throws RequestInvalid for an address that is not allowed; UploadRejected when there is no such image or it is too
 * large; ImageHostUnavailable when trying again may help
 */
export type FetchImage = (address: string) => Promise<Buffer>;
