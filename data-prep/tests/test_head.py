"""Fitting is deterministic, and the committed text holds exactly what was measured."""
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

import fit_head
import head
from common import PrepError
from efficientnet import EMBEDDING
from tests import fixture


def clouds(photos=30, copies=3, classes=3):
    """Embeddings of three clouds that lie apart, and their targets."""
    random = np.random.default_rng(7)
    targets = np.arange(photos) % classes
    centres = random.uniform(0, 2, (classes, EMBEDDING))
    return centres[targets][:, None, :] + random.normal(0, 0.5, (photos, copies, EMBEDDING)), targets


class Fitting(unittest.TestCase):
    def test_separates_what_lies_apart(self):
        embeddings, targets = clouds()
        weight, bias = fit_head.fit(embeddings, targets, 3)
        np.testing.assert_array_equal((embeddings[:, 0] @ weight.T + bias).argmax(axis=1), targets)
        self.assertEqual(fit_head.cross_validate(embeddings, targets, 3, seed=0)[0], {"folds": 10, "n": 30, "right": 30})

    def test_cross_validation_does_not_see_the_photo_it_judges(self):
        embeddings, targets = clouds()
        random_targets = np.random.default_rng(1).permutation(targets)
        self.assertLess(fit_head.cross_validate(embeddings, random_targets, 3, seed=0)[0]["right"], 20)

    def test_gives_the_same_head_twice(self):
        first, second = (fit_head.fit(*clouds(), 3) for _ in range(2))
        np.testing.assert_array_equal(first.weight, second.weight)

    def test_a_rare_class_weighs_more(self):
        weights = fit_head.photo_weights(np.array([0, 0, 0, 0, 1]), classes=3)
        self.assertAlmostEqual(weights[4] / weights[0], 2)  # sqrt(4 / 1)


class HeadFile(unittest.TestCase):
    def test_reads_back_what_was_written(self):
        with tempfile.TemporaryDirectory() as folder:
            fitted = fit_head.fit(*clouds(), 3)
            head.write(Path(folder) / "head.json", ["a", "b", "c"], fitted, {"photos": 30})
            classes, again = head.read(Path(folder) / "head.json")
        self.assertEqual(classes, ["a", "b", "c"])
        np.testing.assert_array_equal(again.weight, fitted.weight)
        np.testing.assert_array_equal(again.bias, fitted.bias)

    def test_refuses_a_head_of_another_shape(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "head.json"
            path.write_text(json.dumps({"classes": ["a"], "weight": [[1, 2]], "bias": [0]}))
            with self.assertRaisesRegex(PrepError, "does not hold 1 rows of 1280"):
                head.read(path)

    def test_the_committed_result_belongs_to_the_committed_head(self):
        offline = json.loads((fixture.DATA_PREP / "offline.json").read_text())
        self.assertEqual(offline["head"], head.fingerprint())
        self.assertEqual(offline["n"], sum(one["n"] for one in offline["classes"].values()))
        self.assertEqual(offline["right"], sum(one["right"] for one in offline["classes"].values()))
