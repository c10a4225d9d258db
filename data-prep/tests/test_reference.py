"""The reference in test/golden/preprocessing is what make_reference.py would write today, and stays small."""
import json
import unittest

import numpy as np

import make_reference
import runtime
from tests import fixture

BYTES_MAX = 400_000


class Reference(unittest.TestCase):
    def test_committed_results_are_reproduced_from_the_committed_pictures(self):
        reference = json.loads((fixture.REFERENCE / "reference.json").read_text())
        session = runtime.open_session(fixture.model())
        for expected in reference["images"]:
            with self.subTest(file=expected["file"]):
                content = (fixture.REFERENCE / expected["file"]).read_bytes()
                actual = make_reference.describe(session, reference["classes"], expected["file"], content)
                np.testing.assert_allclose(actual["probabilities"], expected["probabilities"], atol=1e-3)
                np.testing.assert_allclose(actual["input"]["tiles"], expected["input"]["tiles"], atol=1e-3)
                self.assertEqual(actual["prediction"], expected["prediction"])
                self.assertEqual((actual["width"], actual["height"]), (expected["width"], expected["height"]))

    def test_every_picture_is_listed_and_none_is_large(self):
        files = {file.name: file.stat().st_size for file in fixture.REFERENCE.iterdir()}
        self.assertEqual(set(files), {"reference.json", *make_reference.pictures()})
        self.assertLess(sum(files.values()), BYTES_MAX)

    def test_a_wrong_turn_would_be_noticed(self):
        upright = np.array(make_reference.summary(make_tensor(None))["tiles"])
        for orientation, turn in make_reference.TO_STORED.items():
            if turn is not None:
                with self.subTest(orientation=orientation):
                    turned = np.array(make_reference.summary(make_tensor(turn))["tiles"])
                    self.assertGreater(np.abs(turned - upright).max(), 0.5)


def make_tensor(turn):
    image = make_reference.scene(120, 80)
    return make_reference.photo_files.to_tensor(image if turn is None else image.transpose(turn))
