#!/usr/bin/env python3
"""Writes the reference that the service's preprocessing and inference are compared with.

    python make_reference.py --model models/food11 --out test/golden/preprocessing

Draws small pictures of many kinds (nothing is downloaded, no photo is used), then records what Pillow, numpy and
Python's onnxruntime make of each: a summary of the input tensor, logits and probabilities, all of the upright picture.
"""
import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import photos as photo_files
import runtime
from common import one_line_errors, read_json, write_atomically, write_json

ORIENTATION_TAG = 0x0112

# How far another decoder and resizer may be off: `tiles` in units of the input tensor, `probabilities` absolute.
# Libraries agree on a picture that needs neither, differ at edges when they resize, and differ in colour on CMYK, which
# one converts by a profile and the other by a formula. A picture turned the wrong way has tiles off by 0.5 and more.
EXACT = {"tiles": 0.0001, "probabilities": 0.0005}
RESIZED = {"tiles": 0.03, "probabilities": 0.08}
BY_PROFILE = {"tiles": 0.5, "probabilities": 0.2}
TOLERANCES = {"exact-224.png": EXACT, "cmyk.jpg": BY_PROFILE}

GRID = 4  # the tensor summary holds the mean of each of 4 x 4 tiles: enough to notice a turn or a mirror

# How a stored picture must be turned so that its EXIF orientation brings it back upright (the tag's inverse).
TO_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width, height):
    """A picture without any symmetry: a sky-to-earth gradient and a few coloured shapes."""
    column, row = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    channels = (60 + 150 * row, 90 + 80 * column, 190 - 140 * row * column)
    image = Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    at = lambda *shares: [share * (width if index % 2 == 0 else height) for index, share in enumerate(shares)]
    draw.ellipse(at(0.06, 0.10, 0.50, 0.62), fill=(222, 60, 40))
    draw.rectangle(at(0.62, 0.08, 0.94, 0.30), fill=(244, 214, 70))
    draw.polygon(at(0.55, 0.92, 0.78, 0.45, 0.96, 0.88), fill=(40, 130, 60))
    draw.line(at(0.05, 0.95, 0.45, 0.72), fill=(250, 250, 250), width=max(1, height // 25))
    return image


def plate(colour):
    """A plate seen from above, filled with one colour; (picture, its pen)."""
    image = Image.new("RGB", (256, 256), (120, 85, 60))
    draw = ImageDraw.Draw(image)
    draw.ellipse((12, 12, 244, 244), fill=(238, 238, 235))
    draw.ellipse((44, 44, 212, 212), fill=colour)
    return image, draw


def egg():
    image, draw = plate((250, 250, 248))
    draw.ellipse((95, 95, 165, 165), fill=(245, 180, 30))
    return image


def noodles():
    image, draw = plate((225, 190, 110))
    random = np.random.default_rng(1)
    for _ in range(130):
        x, y = random.integers(60, 170, 2).tolist()
        start, end = int(random.integers(360)), int(random.integers(360, 600))
        colour = (int(random.integers(200, 250)), int(random.integers(160, 200)), 90)
        draw.arc((x - 40, y - 30, x + 50, y + 40), start, end, fill=colour, width=4)
    return image


def rice():
    image, draw = plate((235, 230, 215))
    random = np.random.default_rng(2)
    for _ in range(600):
        distance, direction, turn = random.uniform(0, 78), random.uniform(0, 2 * np.pi), random.uniform(0, np.pi)
        x, y = 128 + distance * np.cos(direction), 128 + distance * np.sin(direction)
        along, across = 6 * np.cos(turn), 6 * np.sin(turn)
        light = int(random.integers(200, 255))
        draw.line((x - along, y - across, x + along, y + across), fill=(light, light, light - 15), width=3)
    return image


def see_through(width, height):
    """The scene, fading out to the right: what lies behind it decides the colours there."""
    image = scene(width, height).convert("RGBA")
    fade = np.tile(np.linspace(255, 0, width).astype(np.uint8), (height, 1))
    image.putalpha(Image.fromarray(fade))
    return image


def palette(with_hole):
    """A picture of 32 colours; with a hole, one of them is transparent."""
    image = scene(96, 72).quantize(32, dither=Image.Dither.NONE)
    return encode(image, "PNG", optimize=True, **({"transparency": image.getpixel((20, 25))} if with_hole else {}))


def oriented(orientation):
    """A JPEG stored turned or mirrored, whose EXIF tag says how it is to be seen."""
    image = scene(120, 80)
    stored = image if TO_STORED[orientation] is None else image.transpose(TO_STORED[orientation])
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return encode(stored, "JPEG", quality=92, subsampling=0, exif=exif)


def encode(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pictures():
    """File name -> content."""
    files = {
        "egg.jpg": encode(egg(), "JPEG", quality=85),
        "noodles.jpg": encode(noodles(), "JPEG", quality=85),
        "rice.jpg": encode(rice(), "JPEG", quality=85),
        "exact-224.png": encode(scene(224, 224), "PNG", optimize=True),
        "wide.jpg": encode(scene(320, 180), "JPEG", quality=90),
        "tall.jpg": encode(scene(90, 300), "JPEG", quality=90),
        "large.jpg": encode(scene(1200, 900), "JPEG", quality=75),
        "progressive.jpg": encode(scene(200, 150), "JPEG", quality=90, progressive=True),
        "tiny.png": encode(scene(17, 13), "PNG", optimize=True),
        "grey.png": encode(scene(96, 72).convert("L"), "PNG", optimize=True),
        "grey.jpg": encode(scene(96, 72).convert("L"), "JPEG", quality=90),
        "grey-alpha.png": encode(see_through(96, 72).convert("LA"), "PNG", optimize=True),
        "alpha.png": encode(see_through(96, 72), "PNG", optimize=True),
        "palette.png": palette(with_hole=False),
        "palette-alpha.png": palette(with_hole=True),
        "bilevel.png": encode(scene(96, 72).convert("1"), "PNG", optimize=True),
        "lossy.webp": encode(scene(200, 150), "WEBP", quality=85, method=6),
        "lossless.webp": encode(scene(96, 72), "WEBP", lossless=True, method=6),
        "alpha.webp": encode(see_through(96, 72), "WEBP", lossless=True, method=6),
        "cmyk.jpg": encode(scene(96, 72).convert("CMYK"), "JPEG", quality=92),
    }
    files.update({f"orientation-{orientation}.jpg": oriented(orientation) for orientation in TO_STORED})
    return files


def summary(tensor):
    """Mean and standard deviation of each channel, and the mean of each tile: [channel][row][column]."""
    side = tensor.shape[1] // GRID
    tiles = tensor.reshape(3, GRID, side, GRID, side).mean(axis=(2, 4))
    return {"mean": rounded(tensor.mean(axis=(1, 2))), "std": rounded(tensor.std(axis=(1, 2))), "tiles": rounded(tiles)}


def rounded(values):
    return np.round(np.asarray(values, np.float64), 5).tolist()


def describe(session, classes, name, content):
    """What the reference implementation makes of one picture."""
    with Image.open(io.BytesIO(content)) as stored:
        media_type, mode = stored.get_format_mimetype(), stored.mode
    image = photo_files.decode(io.BytesIO(content))
    tensor = photo_files.to_tensor(image)
    logits = runtime.run(session, [tensor])[0][0].astype(np.float64)
    probabilities = runtime.softmax(logits)
    return {"file": name, "mediaType": media_type, "mode": mode, "width": image.width, "height": image.height,
            "input": summary(tensor), "logits": rounded(logits), "probabilities": rounded(probabilities),
            "prediction": classes[int(probabilities.argmax())], "tolerance": TOLERANCES.get(name, RESIZED)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=Path, help="the model folder, as build_model.py writes it")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write pictures and reference.json into")
    options = parser.parse_args()
    card = read_json(options.model / "model.json")
    session = runtime.open_session(options.model / card["file"])
    options.out.mkdir(parents=True, exist_ok=True)
    images = []
    for name, content in sorted(pictures().items()):
        write_atomically(options.out / name, content)
        images.append(describe(session, card["classes"], name, content))
    write_json(options.out / "reference.json", {"modelVersion": card["version"], "modelSha256": card["sha256"],
                                                "classes": card["classes"], "images": images})
    print(f"{len(images)} pictures and reference.json in {options.out}")


if __name__ == "__main__":
    with one_line_errors():
        main()
