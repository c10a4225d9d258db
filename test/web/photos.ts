import sharp from 'sharp';

/** A photo of a plain colour, as a camera would store it: sideways, with a place and a name in it. */
export function photo(red = 200, width = 64, height = 48): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r: red, g: 120, b: 40 } } })
    .withExif({ IFD0: { Artist: 'a name' }, IFD3: { GPSLatitude: '48/1 0/1 0/1' } })
    .jpeg()
    .toBuffer();
}
