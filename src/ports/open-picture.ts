/**
 * Opens a picture's address as a browser would.
 * @returns what is wrong with it, in words; null when a picture came
 */
export type OpenPicture = (url: string) => Promise<string | null>;
