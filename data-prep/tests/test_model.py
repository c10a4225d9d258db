"""The graph computes what the original network computes, and its contract holds."""
import json
import unittest

import numpy as np

import efficientnet
import head
import runtime
from common import PrepError, sha256
from tests import fixture


class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = runtime.open_session(fixture.model())

    def test_inputs_and_outputs_are_as_promised(self):
        describe = lambda values: [(value.name, value.shape, value.type) for value in values]
        self.assertEqual(describe(self.session.get_inputs()), [("input", ["N", 3, 224, 224], "tensor(float)")])
        self.assertEqual(describe(self.session.get_outputs()),
                         [("logits", ["N", 11], "tensor(float)"), ("embedding", ["N", 1280], "tensor(float)")])

    def test_embedding_equals_that_of_torch(self):
        golden = json.loads((fixture.DATA_PREP / "tests" / "golden_embedding.json").read_text())
        embedding = runtime.run(self.session, [fixture.synthetic_tensor()])[1][0]
        np.testing.assert_allclose(embedding[::golden["every"]], golden["embedding"], atol=1e-4)
        self.assertAlmostEqual(float(np.linalg.norm(embedding)), golden["norm"], places=2)

    def test_logits_are_the_committed_head_on_the_embedding(self):
        logits, embedding = runtime.run(self.session, [fixture.synthetic_tensor()])
        weight, bias = head.read()[1]
        np.testing.assert_allclose(logits[0], weight.astype(np.float64) @ embedding[0] + bias, atol=1e-4)

    def test_a_batch_of_eight_answers_as_eight_batches_of_one(self):
        tensors = [fixture.synthetic_tensor(shift=17 * number) for number in range(8)]
        together = self.session.run(["logits", "embedding"], {"input": np.stack(tensors)})
        for alone, batched in zip(runtime.run(self.session, tensors), together):
            np.testing.assert_allclose(batched, alone, atol=1e-4)

    def test_half_precision_gives_nearly_the_same(self):
        half = runtime.open_session(fixture.model("fp16"))
        expected, actual = (runtime.run(session, [fixture.synthetic_tensor()])[0] for session in (self.session, half))
        np.testing.assert_allclose(actual, expected, atol=0.02)

    def test_the_committed_reference_was_made_with_this_model(self):
        digest = sha256(fixture.model().SerializeToString(deterministic=True))
        self.assertEqual(json.loads((fixture.REFERENCE / "reference.json").read_text())["modelSha256"], digest)


class Building(unittest.TestCase):
    def test_padding_is_tensorflows(self):
        self.assertEqual(efficientnet.same_padding(224, kernel=3, stride=2), (112, 0, 1))
        self.assertEqual(efficientnet.same_padding(112, kernel=3, stride=1), (112, 1, 1))
        self.assertEqual(efficientnet.same_padding(56, kernel=5, stride=2), (28, 1, 2))
        self.assertEqual(efficientnet.same_padding(7, kernel=1, stride=1), (7, 0, 0))

    def test_refuses_a_checkpoint_with_tensors_to_spare(self):
        with self.assertRaisesRegex(PrepError, "does not use, such as extra"):
            efficientnet.build({**fixture.weights(), "extra.weight": np.zeros(1)}, head.read()[1])

    def test_refuses_a_checkpoint_that_lacks_a_tensor(self):
        weights = {name: array for name, array in fixture.weights().items() if name != "_conv_head.weight"}
        with self.assertRaisesRegex(PrepError, "no tensor _conv_head.weight"):
            efficientnet.build(weights, head.read()[1])
