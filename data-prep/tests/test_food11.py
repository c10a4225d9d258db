"""Filling the Food-11 folder, on archives made here. Needs Python alone."""
import contextlib
import hashlib
import http.server
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "food11.py"
NAMES = ("Bread", "Dairy product", "Dessert", "Egg", "Fried food", "Meat", "Noodles-Pasta", "Rice", "Seafood", "Soup",
         "Vegetable-Fruit")
SPLITS = ("training", "validation", "evaluation")
JPEG = b"\xff\xd8\xff\xe0"


def picture(*key):
    """Some bytes that begin as a JPEG does, other ones for each picture."""
    return JPEG + hashlib.sha256(repr(key).encode()).digest() * 40


def members(layout, count=1):
    """Name -> bytes of a whole small data set."""
    place = {
        "numbered": lambda split, number, i: f"Food-11/{split}/class_{number:02d}/{i}.jpg",
        "named": lambda split, number, i: f"{split}/{NAMES[number]}/{number}_{i}.jpg",
        "flat": lambda split, number, i: f"food11/{split}/{number}_{i}.jpg",
    }[layout]
    return {place(split, number, i): picture(split, number, i)
            for split in SPLITS for number in range(11) for i in range(count)}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class Food11(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "food11"

    def run_script(self, *arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FOOD11")}
        return subprocess.run([sys.executable, str(SCRIPT), "--out", str(self.out), *map(str, arguments)],
                              env={**clean, "FOOD11_RETRY_SECONDS": "0", **environment}, capture_output=True, text=True)

    def archive(self, files, name="food11.zip"):
        path = self.folder / name
        path.write_bytes(zipped(files))
        return path

    def assert_filled(self, count=1):
        for split in SPLITS:
            folders = sorted(path.name for path in (self.out / split).iterdir())
            self.assertEqual(folders, [f"class_{number:02d}" for number in range(11)])
            for number, folder in enumerate(folders):
                found = sorted(path.read_bytes() for path in (self.out / split / folder).iterdir())
                self.assertEqual(found, sorted(picture(split, number, i) for i in range(count)))
        self.assertFalse((self.out / ".download").exists())

    def test_every_layout_ends_in_the_same_folders(self):
        for layout in ("numbered", "named", "flat"):
            with self.subTest(layout):
                self.out = self.folder / layout
                done = self.run_script("--archive", self.archive(members(layout), f"{layout}.zip"))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assert_filled()

    def test_a_tar_does_as_well(self):
        path = self.folder / "food11.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, data in members("numbered").items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo("Food-11/training/class_00/link.jpg")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
        done = self.run_script("--archive", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_filled()

    def test_a_second_run_has_nothing_to_do_and_a_damaged_folder_is_mended(self):
        archive = self.archive(members("numbered"))
        self.run_script("--archive", archive)
        self.assertIn("complete already", self.run_script().stdout)
        (self.out / "training/class_03/0.jpg").unlink()
        mended = self.run_script("--archive", archive)
        self.assertIn("33 pictures, 1 of them new", mended.stderr)
        self.assert_filled()

    def test_half_a_data_set_is_refused_and_named(self):
        files = {name: data for name, data in members("numbered").items() if "class_07" not in name}
        done = self.run_script("--archive", self.archive(files))
        self.assertEqual(done.returncode, 1)
        self.assertIn("no pictures for training/class_07, validation/class_07, evaluation/class_07", done.stderr)
        self.assertFalse((self.out / "food11.json").exists())

    def test_names_that_lead_elsewhere_and_files_that_are_no_pictures_do_no_harm(self):
        files = members("numbered")
        files["../training/class_00/up.jpg"] = picture("up")
        files["/training/class_00/../../../root.jpg"] = picture("root")
        files["__MACOSX/training/class_00/._0.jpg"] = b"finder"
        files["Food-11/training/class_11/none.jpg"] = picture("none")
        done = self.run_script("--archive", self.archive(files))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_filled()
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["food11", "food11.zip"])
        files["Food-11/training/class_00/not.jpg"] = b"<html>"
        self.out = self.folder / "other"
        refused = self.run_script("--archive", self.archive(files))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("not.jpg is neither a JPEG nor a PNG", refused.stderr)

    def test_the_wrong_archive_is_refused(self):
        archive = self.archive(members("numbered"))
        done = self.run_script("--archive", archive, FOOD11_SHA256="0" * 64)
        self.assertEqual(done.returncode, 1)
        self.assertIn("expected 0000", done.stderr)
        right = hashlib.sha256(archive.read_bytes()).hexdigest()
        self.assertEqual(self.run_script("--archive", archive, "--sha256", right).returncode, 0)

    def test_it_says_what_it_needs(self):
        done = self.run_script()
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
        self.assertIn("FOOD11_URL", done.stderr)
        self.assertIn("does not exist", self.run_script("--archive", "/nowhere.zip").stderr)
        self.assertIn("expected an http", self.run_script("--url", "file:///etc/passwd").stderr)

    def test_a_download_that_breaks_off_goes_on_where_it_stopped(self):
        data = zipped(members("numbered"))
        with serve(data, break_after=5_000) as server:
            done = self.run_script(FOOD11_URL=server.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_filled()
        self.assertEqual(server.ranges, [None, "bytes=5000-"])

    def test_a_killed_run_goes_on_in_the_next_one(self):
        data = zipped(members("numbered"))
        with serve(data, break_after=5_000, broken=10) as server:
            stopped = self.run_script(FOOD11_URL=server.url)
            self.assertEqual(stopped.returncode, 1)
            self.assertIn("run again to go on at byte", stopped.stderr)
            server.broken = 0
            self.assertEqual(self.run_script(FOOD11_URL=server.url).returncode, 0)
        self.assert_filled()
        self.assertTrue(all(asked for asked in server.ranges[1:]), server.ranges)

    def test_a_file_that_changed_in_between_is_read_from_its_start(self):
        with serve(zipped(members("flat")), break_after=5_000, broken=10) as server:
            self.run_script(FOOD11_URL=server.url)
            server.data, server.tag, server.broken = zipped(members("numbered")), '"second"', 0
            done = self.run_script(FOOD11_URL=server.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_filled()

    def test_a_server_that_says_no_is_quoted(self):
        with serve(b"") as server:
            done = self.run_script(FOOD11_URL=server.url + "/missing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("404", done.stderr)


@contextlib.contextmanager
def serve(data, break_after=None, broken=1):
    """An HTTP server with ranges that cuts its first `broken` answers short."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server = self.server
            if self.path != "/food11.zip":
                self.send_error(404)
                return
            asked = self.headers.get("Range")
            server.ranges.append(asked)
            begin = 0
            if asked and self.headers.get("If-Range") == server.tag:
                begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            body = server.data[begin:]
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", server.tag)
            self.end_headers()
            if server.broken > 0:
                server.broken -= 1
                body = body[:break_after]
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.data, server.tag, server.broken, server.ranges = data, '"first"', broken if break_after else 0, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/food11.zip"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    unittest.main()
