"""Labelled photos: finding them, decoding them, and turning them into the tensor that the model reads."""
import csv
from collections import namedtuple
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from common import PrepError
from efficientnet import SIZE

MEAN = 127.0
DEVIATION = 128.0
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

Photo = namedtuple("Photo", "path label")


def find(source, labels, only_set=None):
    """The labelled photos of a folder (`<class>/<photo>`) or of a CSV with the columns file and label.

    labels: the class names; a folder may write - or _ where its class has a character no folder name can hold.
    only_set: with a CSV that has the column set, take only the rows of that set.
    """
    source = Path(source)
    photos = _in_folder(source, labels) if source.is_dir() else _in_csv(source, labels, only_set)
    if not photos:
        raise PrepError(f"no labelled photos in {source}" + (f" of the set {only_set}" if only_set else ""))
    return photos


def _in_folder(source, labels):
    names = {_folder_name(label): label for label in labels}
    photos = []
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        if _folder_name(folder.name) not in names:
            raise PrepError(f"the folder {folder} is named after no known class ({', '.join(labels)})")
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        photos += [Photo(file, names[_folder_name(folder.name)]) for file in files]
    return photos


def _folder_name(label):
    return "".join(character if character.isalnum() else "-" for character in label.lower())


def _in_csv(source, labels, only_set):
    try:
        with open(source, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise PrepError(f"{source} does not exist") from None
    photos = []
    for number, row in enumerate(rows, start=2):
        if "file" not in row or "label" not in row:
            raise PrepError(f"{source} needs the columns file and label")
        if only_set and row.get("set") != only_set:
            continue
        if row["label"] not in labels:
            raise PrepError(f"{source}, line {number}: {row['label']!r} is no known class ({', '.join(labels)})")
        photos.append(Photo(source.parent / row["file"], row["label"]))
    return photos


def decode(file):
    """An upright RGB picture, with transparency laid on white. The content decides the format, not the file's name."""
    try:
        with Image.open(file) as image:
            image = ImageOps.exif_transpose(image)
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return image.convert("RGB")
    except (UnidentifiedImageError, FileNotFoundError) as error:
        raise PrepError(f"cannot read the photo {file}: {error}") from None


def to_tensor(image):
    """float32 [3,224,224]: stretched to the square (the aspect is not kept), then (value - 127) / 128."""
    pixels = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float32)
    return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)
