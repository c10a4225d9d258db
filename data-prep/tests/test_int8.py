"""The int8 variant: same contract, nearly the same numbers, built from committed ranges and no photo."""
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx

import build_model
import calibrate
import head
import int8
import runtime
from common import PrepError, read_json, sha256
from tests import fixture

# On real photos the least of 17 was 0.95; made-up pictures lie further from what the ranges were measured on.
COSINE_MIN = 0.9


def build():
    ranges = read_json(calibrate.CALIBRATION_FILE)["ranges"]
    return int8.quantise(fixture.model(), ranges)


class Int8(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = build()
        cls.session = runtime.open_session(cls.model)

    def test_inputs_and_outputs_are_those_of_fp32(self):
        describe = lambda session: [(value.name, value.shape, value.type)
                                    for value in [*session.get_inputs(), *session.get_outputs()]]
        self.assertEqual(describe(self.session), describe(runtime.open_session(fixture.model())))

    def test_is_the_same_bytes_each_time(self):
        digest = lambda model: sha256(model.SerializeToString(deterministic=True))
        self.assertEqual(digest(self.model), digest(build()))

    def test_every_convolution_has_integer_weights(self):
        floats = [tensor.name for tensor in self.model.graph.initializer
                  if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 4]
        self.assertEqual(floats, [])

    def test_dense_weights_keep_to_seven_bits(self):
        constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in self.model.graph.initializer}
        dense = [node for node in self.model.graph.node if node.op_type == "Conv"
                 and onnx.helper.get_node_attr_value(node, "group") == 1]
        weights = [constants[node.input[1].replace("_approximate", "_integer")] for node in dense]
        self.assertTrue(weights)
        self.assertLessEqual(max(int(np.abs(values.astype(int)).max()) for values in weights), int8.WEIGHT_MAX)

    def test_embedding_points_where_that_of_fp32_does(self):
        tensors = [fixture.synthetic_tensor(shift=17 * number) for number in range(4)]
        first, second = (runtime.run(session, tensors)[1] for session in
                         (self.session, runtime.open_session(fixture.model())))
        norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        self.assertGreater(((first * second).sum(axis=1) / norms).min(), COSINE_MIN)

    def test_refuses_ranges_of_another_network(self):
        with self.assertRaisesRegex(PrepError, "measured on another network"):
            int8.quantise(fixture.model(), {"clip_1": [0, 6]})


class Building(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def build(self, *arguments):
        return fixture.run_script("build_model.py", "--variant", "int8", "--wheel", fixture.wheel(),
                                  "--out", self.folder / "model", *arguments)

    def test_the_folder_says_what_it_costs(self):
        run = self.build()
        self.assertEqual(run.returncode, 0, run.stderr)
        card = json.loads((self.folder / "model" / "model.json").read_text())
        self.assertEqual(card["file"], "model.int8.onnx")
        self.assertEqual(card["version"], f"food11-int8-{card['sha256'][:12]}")
        self.assertEqual(sorted(file.name for file in (self.folder / "model").iterdir()),
                         sorted(["model.int8.onnx", "model.json", *build_model.LICENCE_FILES]))
        for row in card["int8"]["sameAnswerAsFp32"]:
            self.assertLessEqual(row["same"], row["n"])
        self.assertLessEqual(card["offline"]["right"], card["offline"]["n"])

    def test_refuses_ranges_that_were_measured_with_another_head(self):
        classes, fitted = head.read()
        other = self.folder / "head.json"
        head.write(other, classes, fitted._replace(bias=fitted.bias + 1), {})
        run = self.build("--head", other)
        self.assertEqual(run.returncode, 1)
        self.assertIn("measured with another head", run.stderr)
        self.assertNotIn("Traceback", run.stderr)

    def test_calibrates_on_photos(self):
        photo = self.folder / "photos" / "Egg" / "egg.jpg"
        photo.parent.mkdir(parents=True)
        photo.write_bytes((fixture.REFERENCE / "egg.jpg").read_bytes())
        out = self.folder / "calibration.json"
        run = fixture.run_script(
            "calibrate.py", "--photos", self.folder / "photos", "--dataset", "one", "--held-out", self.folder / "photos",
            "--held-out-dataset", "the same one", "--wheel", fixture.wheel(), "--out", out)
        self.assertEqual(run.returncode, 0, run.stderr)
        made = json.loads(out.read_text())
        self.assertEqual(sorted(made["ranges"]), sorted(int8.observed(fixture.model())))
        self.assertEqual([row["n"] for row in made["agreement"]], [1, 1])


if __name__ == "__main__":
    unittest.main()
