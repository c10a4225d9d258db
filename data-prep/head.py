"""The fitted linear head as committed text: head.json holds its classes, numbers and how it was fitted."""
from pathlib import Path

import numpy as np

from common import HERE, PrepError, read_json, sha256, write_json
from efficientnet import EMBEDDING, Head

HEAD_FILE = HERE / "head.json"
DECIMALS = 5  # moves a logit by less than 1e-3, keeps the file small, and hides the last bits of a machine's arithmetic


def rounded(head):
    """The head exactly as the file will hold it: measure this one, not the one before rounding."""
    return Head(*(np.round(np.asarray(part, np.float64), DECIMALS).astype(np.float32) for part in head))


def write(path, classes, head, fitted):
    """Write head.json. fitted: the record of how the head came about, for its readers."""
    shortest = lambda numbers: [round(float(number), DECIMALS) for number in numbers]
    weight = [shortest(row) for row in head.weight]
    write_json(path, {"classes": classes, "fitted": fitted, "bias": shortest(head.bias), "weight": weight})


def read(path=HEAD_FILE):
    """(classes, Head) of a head.json."""
    content = read_json(path)
    head = Head(np.array(content["weight"], np.float32), np.array(content["bias"], np.float32))
    expected = (len(content["classes"]), EMBEDDING)
    if head.weight.shape != expected or head.bias.shape != expected[:1]:
        raise PrepError(f"{path} does not hold {expected[0]} rows of {EMBEDDING} weights and as many biases")
    return content["classes"], head


def fingerprint(path=HEAD_FILE):
    """What ties a measurement to the head that was measured."""
    return sha256(Path(path).read_bytes())
