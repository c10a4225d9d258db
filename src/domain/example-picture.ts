/** A picture that shows annotators what a class looks like; the model folder brings it. */
export interface ExamplePicture {
  readonly className: string;
  /** Of this server, with a digest of the content in it: whoever does not know the picture can't guess it. */
  readonly path: string;
  readonly jpeg: Uint8Array;
}
