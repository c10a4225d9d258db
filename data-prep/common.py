"""What every script here shares: one-line errors, progress lines, and files that appear whole or not at all."""
import contextlib
import errno
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent

# The line breaks tell a list from the text of a string, which can hold none in JSON.
LINE_WIDTH = 100
NUMBER_LIST = re.compile(r"\[\n\s*-?\d[^\]\[\"{}]*\n\s*\]")


class PrepError(Exception):
    """Something the person at the keyboard can act on: printed as one line, without a traceback."""


def progress(message):
    """Say on stderr what is happening; stdout stays free for results."""
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def one_line_errors():
    """End the process with exit code 1 and one line on stderr, for the faults that are not bugs."""
    # SIGTERM unwinds like any error, so that no half-written file and no pip process stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    except PrepError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            place = f" (writing {error.filename})" if error.filename else ""
            sys.exit(f"error: the disk is full{place}: free some space and run again")
        sys.exit(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def sha256(data):
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def read_json(path):
    """Parsed content of a JSON file; a PrepError names the file when it is missing or not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PrepError(f"{path} does not exist") from None
    except ValueError as error:
        raise PrepError(f"{path} is not JSON: {error}") from None


def write_atomically(path, data):
    """Write bytes so that a reader, or a build that dies half-way, never leaves half a file under `path`."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes 0600, which a service under another user could not read
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename = str(path)  # a failed write names no file by itself
        raise


def write_json(path, value):
    """Write a value as UTF-8 JSON, atomically, laid out as the repository's formatter (Prettier) would."""
    text = NUMBER_LIST.sub(_fill, json.dumps(value, indent=2, ensure_ascii=False))
    write_atomically(path, (text + "\n").encode())


def _fill(match):
    """A list of numbers on one line where it fits, or else on as few lines as hold it."""
    numbers = " ".join(match[0][1:-1].split()).replace("e-0", "e-")  # 5e-05 as everyone but Python writes it
    column = match.start() - match.string.rfind("\n", 0, match.start()) - 1
    comma = match.string[match.end():match.end() + 1] == ","
    if column + len(numbers) + 2 + comma <= LINE_WIDTH:
        return f"[{numbers}]"
    outer = match[0][match[0].rindex("\n"):-1]  # the line break and the indentation of the closing bracket
    inner = outer + "  "
    lines = textwrap.wrap(numbers, LINE_WIDTH - len(inner) + 1, break_long_words=False, break_on_hyphens=False)
    return "[" + "".join(inner + line for line in lines) + outer + "]"
