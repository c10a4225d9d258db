"""build_model.py as a person runs it: a whole folder or one clear line."""
import json
import tempfile
import unittest
from pathlib import Path

import onnx

import build_model
import head
from common import sha256
from tests import fixture

FIELDS = ["name", "version", "file", "sha256", "classes", "input", "outputs", "lowConfidenceThreshold", "offline",
          "confidenceReference", "licence", "attribution", "description"]


class Build(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def build(self, *arguments, **environment):
        return fixture.run_script("build_model.py", "--out", self.folder / "model", *arguments, **environment)

    def assert_fails_in_one_line(self, run, text):
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertNotIn("Traceback", run.stderr)
        self.assertIn(text, run.stderr.splitlines()[-1])
        self.assertFalse((self.folder / "model" / "model.json").exists())

    def test_writes_a_complete_folder(self):
        run = self.build("--wheel", fixture.wheel())
        self.assertEqual(run.returncode, 0, run.stderr)
        content = (self.folder / "model" / "model.onnx").read_bytes()
        card = json.loads((self.folder / "model" / "model.json").read_text())
        self.assertEqual(list(card), FIELDS)
        self.assertEqual(card["sha256"], sha256(content))
        self.assertEqual(card["version"], f"food11-{card['sha256'][:12]}")
        self.assertEqual(card["classes"], json.loads((fixture.DATA_PREP / "labels.json").read_text()))
        self.assertLessEqual(card["offline"]["right"], card["offline"]["n"])
        self.assertTrue(0 < card["confidenceReference"] < 1)
        onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
        self.assertEqual(sorted(file.name for file in (self.folder / "model").iterdir()),
                         sorted(["model.onnx", "model.json", *build_model.LICENCE_FILES]))

    def test_refuses_a_damaged_wheel(self):
        damaged = self.folder / "damaged.whl"
        damaged.write_bytes(fixture.wheel().read_bytes()[:-1] + b"?")
        self.assert_fails_in_one_line(self.build("--wheel", damaged), "expected f2bc3dd05dbc")

    def test_says_that_there_is_no_network(self):
        nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}
        self.assert_fails_in_one_line(self.build(**nowhere), "no network?")

    def test_refuses_a_result_that_was_measured_with_another_head(self):
        classes, fitted = head.read()
        other = self.folder / "head.json"
        head.write(other, classes, fitted._replace(bias=fitted.bias + 1), {})
        self.assert_fails_in_one_line(self.build("--head", other), "measured with another head")

    def test_a_folder_that_cannot_be_written_is_named(self):
        (self.folder / "model").write_text("a file where the folder should be")
        run = self.build("--wheel", fixture.wheel())
        self.assertEqual(run.returncode, 1)
        self.assertIn(str(self.folder / "model"), run.stderr.splitlines()[-1])
