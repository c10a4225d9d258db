"""Photos are found with their labels and decoded as a person sees them."""
import io
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

import make_reference
import photos
from common import PrepError

LABELS = ["Bread", "Noodles/Pasta"]


def png(colour="red", mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, (4, 4), colour).save(file, "PNG")
    return file.getvalue()


class Finding(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def put(self, name, content=b""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def test_in_folders_named_after_classes(self):
        bread, pasta = self.put("Bread/a.JPG"), self.put("noodles-pasta/b.png")
        self.put("Bread/notes.txt")
        self.assertEqual(photos.find(self.folder, LABELS), [(bread, "Bread"), (pasta, "Noodles/Pasta")])

    def test_in_one_set_of_a_csv(self):
        listing = self.put("photos.csv", b"set,file,label\nfit,a.jpg,Bread\ntest,b.jpg,Noodles/Pasta\n")
        self.assertEqual(photos.find(listing, LABELS, "test"), [(self.folder / "b.jpg", "Noodles/Pasta")])
        self.assertEqual(len(photos.find(listing, LABELS)), 2)

    def test_refuses_what_has_no_known_class(self):
        self.put("Gravel/a.jpg")
        with self.assertRaisesRegex(PrepError, "no known class"):
            photos.find(self.folder, LABELS)
        with self.assertRaisesRegex(PrepError, "line 2: 'Gravel' is no known class"):
            photos.find(self.put("photos.csv", b"file,label\na.jpg,Gravel\n"), LABELS)

    def test_refuses_an_empty_folder_and_a_missing_file(self):
        with self.assertRaisesRegex(PrepError, "no labelled photos"):
            photos.find(self.folder, LABELS)
        with self.assertRaisesRegex(PrepError, "does not exist"):
            photos.find(self.folder / "none.csv", LABELS)


class Decoding(unittest.TestCase):
    def test_every_orientation_comes_out_upright(self):
        upright = np.asarray(make_reference.scene(120, 80), int)
        for orientation in make_reference.TO_STORED:
            with self.subTest(orientation=orientation):
                decoded = np.asarray(photos.decode(io.BytesIO(make_reference.oriented(orientation))), int)
                self.assertEqual(decoded.shape, upright.shape)
                self.assertLess(np.abs(decoded - upright).mean(), 2)

    def test_transparency_is_laid_on_white(self):
        for mode, colour in (("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))):
            self.assertEqual(photos.decode(io.BytesIO(png(colour, mode))).getpixel((1, 1)), (255, 255, 255))

    def test_the_content_decides_the_format(self):
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(png())
            file.flush()
            self.assertEqual(photos.decode(file.name).getpixel((1, 1)), (255, 0, 0))

    def test_refuses_what_is_no_picture(self):
        with self.assertRaisesRegex(PrepError, "cannot read the photo"):
            photos.decode(io.BytesIO(b"not a picture"))

    def test_the_tensor_is_normalised_and_channels_come_first(self):
        tensor = photos.to_tensor(Image.new("RGB", (10, 30), (255, 127, 0)))
        self.assertEqual((tensor.shape, tensor.dtype), ((3, 224, 224), np.dtype(np.float32)))
        np.testing.assert_array_equal(tensor[:, 0, 0], np.float32([1, 0, -127 / 128]))
