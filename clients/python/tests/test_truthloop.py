"""Run by any of Python 3.10 to 3.13: python -m unittest discover -s clients/python/tests"""

import json
import sys
import threading
import unittest
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import truthloop as module  # noqa: E402
from truthloop import Refused, Truthloop  # noqa: E402


class Server:
    """Records by external id; `script` says how the next requests are answered instead."""

    def __init__(self) -> None:
        self.recorded: dict = {}
        self.requests: list = []
        self.script: list = []
        self.wanted: list = []
        self.images: dict = {}
        self.is_waiting = threading.Event()
        self.go_on = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.answer(200, json.dumps({"wanted": outer.wanted}))

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.images[self.path] = json.loads(body)["image"]
                self.answer(204, "")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                lines = [json.loads(line) for line in body.splitlines()]
                outer.requests.append((dict(self.headers), lines))
                step = outer.script.pop(0) if outer.script else None
                if step == "wait":
                    outer.is_waiting.set()
                    outer.go_on.wait(10)
                    step = None
                if step == "hang up":
                    self.connection.close()
                    return
                if isinstance(step, int):
                    self.answer(step, json.dumps({"error": {"message": "as scripted"}}), {"Retry-After": "0"})
                    return
                statuses = step or [201] * len(lines)
                answers = []
                for number, (line, status) in enumerate(zip(lines, statuses), start=1):
                    if status < 300:
                        outer.recorded.setdefault(line["external_id"], []).append(line)
                    answers.append(json.dumps({"line": number, "status": status, "error": {"message": "no"}}))
                if step == "lose the answer":
                    self.connection.close()
                    return
                self.answer(200, "\n".join(answers) + "\n")

            def answer(self, status: int, text: str, headers: dict = {}) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


class Client(unittest.TestCase):
    def setUp(self) -> None:
        module.log.disabled = True
        self.server = Server()
        self.addCleanup(self.server.close)

    def client(self, **changes: object) -> Truthloop:
        client = Truthloop(self.server.url, "secret-key", **{"model_version": "m-1", **changes})
        self.addCleanup(client.close, 1)
        return client

    def test_what_is_reported_arrives_once_with_key_and_time(self) -> None:
        client = self.client()
        when = datetime(2026, 11, 20, tzinfo=timezone.utc)
        client.report("cat", 0.9, image=b"\xff\xd8", external_id="a", segment="north")
        client.report(probabilities={"cat": 0.2, "dog": 0.8}, time=when)
        self.assertTrue(client.flush(10))
        headers, lines = self.server.requests[0]
        self.assertEqual(headers["Authorization"], "Bearer secret-key")
        self.assertEqual(headers["Content-Type"], "application/x-ndjson")
        self.assertEqual(lines[0]["image"], "/9g=")
        self.assertIsInstance(lines[0]["time"], int)
        self.assertEqual(lines[1]["time"], "2026-11-20T00:00:00+00:00")
        self.assertEqual(client.counts, {"recorded": 2, "refused": 0, "dropped": 0})

    def test_many_go_in_few_requests(self) -> None:
        client = self.client()
        for _ in range(1200):
            client.report("cat", 0.9)
        self.assertTrue(client.flush(20))
        self.assertEqual(len(self.server.recorded), 1200)
        self.assertLessEqual(len(self.server.requests), 6)

    def test_an_outage_loses_nothing_and_only_what_failed_is_sent_again(self) -> None:
        self.server.script = ["hang up", 503, [201, 503, 422], [201]]
        client = self.client()
        ids = [client.report("cat", 0.9) for _ in range(3)]
        self.assertTrue(client.flush(30))
        self.assertEqual(set(self.server.recorded), {ids[0], ids[1]})
        self.assertEqual([len(lines) for _, lines in self.server.requests], [3, 3, 3, 1])
        self.assertEqual(client.counts, {"recorded": 2, "refused": 1, "dropped": 0})

    def test_a_refused_key_is_no_reason_to_try_for_ever(self) -> None:
        self.server.script = [401]
        client = self.client()
        client.report("cat", 0.9)
        self.assertTrue(client.flush(10))
        self.assertEqual(client.counts["refused"], 1)

    def test_a_full_queue_drops_and_counts_and_never_blocks(self) -> None:
        self.server.script = ["wait"]
        client = self.client(queue_max=5)
        client.report("cat", 0.9)
        self.assertTrue(self.server.is_waiting.wait(10))
        for _ in range(49):
            client.report("cat", 0.9)
        self.assertEqual(client.counts["dropped"], 44)
        self.server.go_on.set()
        self.assertTrue(client.flush(30))
        self.assertEqual(client.counts, {"recorded": 6, "refused": 0, "dropped": 44})

    def test_closing_sends_what_is_left(self) -> None:
        with self.client() as client:
            client.report("cat", 0.9)
        self.assertEqual(len(self.server.recorded), 1)
        with self.assertRaises(RuntimeError):
            client.report("cat", 0.9)

    def test_wanted_images_are_sent_where_they_are_found(self) -> None:
        self.server.wanted = [{"id": "x/1", "external_id": "a"}, {"id": "2", "external_id": "b"}]
        sent = self.client().send_wanted_images(lambda external_id: b"img" if external_id == "a" else None)
        self.assertEqual(sent, 1)
        self.assertEqual(self.server.images, {"/api/predictions/x%2F1/image": "aW1n"})

    def test_what_can_never_be_right_is_said_at_once(self) -> None:
        client = self.client(model_version=None)
        for given, fields in [
            (("cat", 0.9), {}),
            (("cat",), {"model_version": "m"}),
            (("cat", 0.9), {"model_version": "m", "image": b"", "image_url": "http://x"}),
            (("cat", 0.9), {"model_version": "m", "time": datetime(2026, 1, 1)}),
        ]:
            with self.assertRaises(ValueError):
                client.report(*given, **fields)
        with self.assertRaises(ValueError):
            Truthloop("ftp://x", "key")
        with self.assertRaises(ValueError):
            Truthloop("http://x", "")
        self.assertTrue(issubclass(Refused, Exception))


if __name__ == "__main__":
    unittest.main()
