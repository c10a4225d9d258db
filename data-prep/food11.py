#!/usr/bin/env python3
"""Fills a folder with Food-11: python food11.py --out DIR [--url URL | --archive FILE] [--sha256 HEX]

The folder gets training/, validation/ and evaluation/, each with class_00 to class_10, from a zip or tar archive in any
of the three layouts that Food-11 is passed around in: class_NN/, the class's name/, or N_id.jpg. FOOD11_URL,
FOOD11_ARCHIVE and FOOD11_SHA256 stand for the options. Needs Python alone. Run again after a break, it goes on where it
stopped: the download from its last byte, the unpacking after the last whole picture. food11.json comes last: while it
is missing, the folder is not complete.
"""
import sys

if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.exit("error: Python 3.10 to 3.13 is needed, this is %d.%d" % sys.version_info[:2])

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from pathlib import Path

from common import PrepError, one_line_errors, progress, read_json, write_atomically, write_json

SPLITS = ("training", "validation", "evaluation")
CLASSES = 11
# In the order of the data set, which numbers its classes so. Compared without case, blanks and punctuation.
NAMES = ("Bread", "Dairy product", "Dessert", "Egg", "Fried food", "Meat", "Noodles-Pasta", "Rice", "Seafood", "Soup",
         "Vegetable-Fruit")
# What the published data set holds. Another count is said, not refused: parts of it are passed around as well.
PUBLISHED = {"training": 9866, "validation": 3430, "evaluation": 3347}

PICTURE_BYTES_MAX = 50 << 20
CHUNK = 1 << 20
TRIES = 5
EVERY_SECONDS = 5
MANIFEST = "food11.json"
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class Ticker:
    """Says how far it is, every few seconds and not more often."""

    def __init__(self, what):
        self.what = what
        self.said = time.monotonic()

    def at(self, text):
        if time.monotonic() - self.said >= EVERY_SECONDS:
            progress(f"{self.what}: {text}")
            self.said = time.monotonic()


def plain(name):
    return re.sub(r"[^a-z]", "", name.lower())


CLASS_OF_NAME = {plain(name): number for number, name in enumerate(NAMES)}


def target_of(member):
    """Where a file of the archive belongs, as (split, class, file name); None when it is no picture of the data set.

    The path is made from these three alone, so that no name in an archive leads out of the folder.
    """
    parts = [part for part in member.replace("\\", "/").split("/") if part not in ("", ".")]
    if len(parts) < 2 or ".." in parts or parts[0] == "__MACOSX":
        return None
    name = parts[-1]
    if name.startswith(".") or Path(name).suffix.lower() not in (".jpg", ".jpeg", ".png"):
        return None
    split = next((part.lower() for part in parts[:-1] if part.lower() in SPLITS), None)
    number = class_of(parts[-2], name)
    if split is None or number is None:
        return None
    return split, number, re.sub(r"[^\w.-]", "_", name)


def class_of(folder, name):
    """The class by the folder's number, the folder's name or, where all lie together, the file's first number."""
    numbered = re.fullmatch(r"(?:class_)?0?(\d{1,2})", folder)
    if numbered:
        number = int(numbered[1])
    elif plain(folder) in CLASS_OF_NAME:
        number = CLASS_OF_NAME[plain(folder)]
    elif folder.lower() in SPLITS and re.match(r"\d{1,2}_", name):
        number = int(name.split("_")[0])
    else:
        return None
    return number if number < CLASSES else None


def pictures_in(archive):
    """Each picture of an archive as (target, size, function that reads it)."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as source:
            for info in source.infolist():
                target = None if info.is_dir() else target_of(info.filename)
                if target:
                    yield target, info.file_size, lambda info=info: source.read(info)
        return
    with tarfile.open(archive) as source:
        for info in source:
            target = target_of(info.name) if info.isreg() else None
            if target:
                yield target, info.size, lambda info=info: source.extractfile(info).read()


def unpack(archive, out):
    """Writes every picture that is not there yet, whole or not at all. Returns the pictures per split and class."""
    counts, seen, ticker, written = Counter(), set(), Ticker("unpacking"), 0
    for target, size, read in pictures_in(archive):
        split, number, name = target
        if target in seen:
            raise PrepError(f"{archive} has two pictures for {split}/class_{number:02d}/{name}")
        seen.add(target)
        if size > PICTURE_BYTES_MAX:
            raise PrepError(f"{archive}: {name} would be {size} bytes, more than {PICTURE_BYTES_MAX}: no picture of Food-11 is")
        path = out / split / f"class_{number:02d}" / name
        if not (path.is_file() and path.stat().st_size == size):
            data = read()
            if not data.startswith(MAGIC):
                raise PrepError(f"{archive}: {split}/class_{number:02d}/{name} is neither a JPEG nor a PNG")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
            written += 1
        counts[split, number] += 1
        ticker.at(f"{sum(counts.values())} pictures")
    progress(f"{sum(counts.values())} pictures, {written} of them new")
    return counts


def check(counts, archive):
    """Every split with every class; anything less is another data set, or half of one."""
    missing = [f"{split}/class_{number:02d}" for split in SPLITS for number in range(CLASSES) if not counts[split, number]]
    if missing:
        some = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        raise PrepError(f"{archive} has no pictures for {some}: expected training, validation and evaluation with eleven "
                        "classes each (class_00 to class_10, the classes' names, or 0_1.jpg to 10_999.jpg)")
    totals = {split: sum(counts[split, number] for number in range(CLASSES)) for split in SPLITS}
    if totals != PUBLISHED:
        progress(f"note: {totals} pictures; the published data set has {PUBLISHED}")
    return totals


def download(url, out, expected):
    """The archive behind `url`, continued where an earlier try stopped."""
    folder = out / ".download"
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    whole, partial = folder / f"{key}.archive", folder / f"{key}.part"
    if whole.is_file():
        return whole
    for attempt in range(1, TRIES + 1):
        try:
            fetch(url, partial)
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError, EOFError) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                raise PrepError(f"{url}: {error.code} {error.reason}") from None
            if attempt == TRIES:
                raise PrepError(f"{url}: {error}; run again to go on at byte {size_of(partial)}") from None
            progress(f"{error}: trying again")
            time.sleep(min(attempt, 3) * float(os.environ.get("FOOD11_RETRY_SECONDS", "2")))
    # A damaged archive is not kept: the next run would only find it again.
    try:
        verify(partial, expected)
    except PrepError:
        partial.unlink()
        raise
    os.replace(partial, whole)
    return whole


def fetch(url, partial):
    """Appends what is missing. What was there is kept only if the server says that it goes on with the same file."""
    tag = partial.with_suffix(".tag")
    have = size_of(partial)
    request = urllib.request.Request(url, headers={"User-Agent": "truthloop-data-prep"})
    if have and tag.is_file():
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag.read_text())
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            partial.unlink()
            raise ConnectionError("the server's file is not the one that was begun") from None
        raise
    with answer:
        goes_on = answer.status == 206
        mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if mark and not mark.startswith("W/"):
            write_atomically(tag, mark.encode())
        begin = have if goes_on else 0
        length = answer.headers.get("Content-Length")
        total = begin + int(length) if length else None
        room_for(partial, (total or 0) - begin)
        copy(answer, partial, begin, total)


def copy(answer, partial, begin, total):
    ticker, done = Ticker("downloading"), begin
    with open(partial, "ab" if begin else "wb") as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            ticker.at(f"{done >> 20} MB" + (f" of {total >> 20} MB" if total else ""))
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done < total:
        raise EOFError(f"the connection ended after {done} of {total} bytes")


def room_for(path, size):
    free = shutil.disk_usage(path.parent).free
    # The archive and its pictures, which are compressed already.
    if size * 2 > free:
        raise PrepError(f"{path.parent} has {free >> 20} MB free; the archive and its pictures need about {size * 2 >> 20} MB")


def size_of(path):
    return path.stat().st_size if path.is_file() else 0


def verify(archive, expected):
    """That the archive is the one that was asked for, and can be read as one at all."""
    if expected:
        digest = digest_of(archive)
        if digest != expected.lower():
            raise PrepError(f"{archive} has the SHA-256 {digest}, expected {expected}")
    if not (zipfile.is_zipfile(archive) or tarfile.is_tarfile(archive)):
        raise PrepError(f"{archive} is neither a zip nor a tar archive")


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else slow_digest(file)


def slow_digest(file):
    """For Python 3.10."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def fill(out, archive):
    try:
        counts = unpack(archive, out)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise PrepError(f"{archive} is damaged: {error}") from None
    totals = check(counts, archive)
    write_json(out / MANIFEST, {"pictures": totals, "archiveSha256": digest_of(archive)})
    return totals


def is_complete(out):
    """Is the folder what its manifest says? Pictures that somebody deleted are brought back."""
    if not (out / MANIFEST).is_file():
        return False
    promised = read_json(out / MANIFEST)["pictures"]
    return promised == {split: sum(1 for _ in (out / split).glob("class_*/*")) for split in SPLITS}


def arguments():
    environment = os.environ
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path, help="the folder to fill")
    parser.add_argument("--url", default=environment.get("FOOD11_URL"), help="where the archive is (http or https)")
    parser.add_argument("--archive", default=environment.get("FOOD11_ARCHIVE"), help="the archive, when it is on disk already")
    parser.add_argument("--sha256", default=environment.get("FOOD11_SHA256"), help="digest that the archive must have")
    return parser.parse_args()


def main():
    options = arguments()
    if is_complete(options.out):
        print(f"{options.out} is complete already")
        return
    if not options.archive and not options.url:
        raise PrepError("say where Food-11 is: FOOD11_URL=https://... or FOOD11_ARCHIVE=/archives/food11.zip")
    if options.url and not options.archive and not re.match(r"https?://", options.url):
        raise PrepError(f"FOOD11_URL={options.url}: expected an http or https address")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.archive:
        archive = Path(options.archive)
        if not archive.is_file():
            raise PrepError(f"{archive} does not exist")
        verify(archive, options.sha256)
    else:
        archive = download(options.url, options.out, options.sha256)
    totals = fill(options.out, archive)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(options.out / ".download")
    print(f"{sum(totals.values())} pictures in {options.out}")


if __name__ == "__main__":
    with one_line_errors():
        main()
