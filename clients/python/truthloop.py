"""Reports a classifier's predictions to Truthloop. Standard library only; Python 3.10 to 3.13.

    client = Truthloop("http://127.0.0.1:5000", key, model_version="pets-7")
    client.report("cat", 0.93, image=jpeg_bytes)      # returns at once; sent in batches by a thread of its own
    client.close()                                    # sends what is left

Reporting never fails or slows the caller: what can't be sent is kept (up to `queue_max`), tried again, and counted when it
has to be dropped. Each prediction has an id, so that one sent twice is recorded once.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import queue
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime
from typing import Callable, Mapping, Optional, Union

__all__ = ["Truthloop", "Refused"]

log = logging.getLogger("truthloop")

Image = Union[bytes, bytearray, memoryview]

BATCH_LINES_MAX = 500
BATCH_BYTES_MAX = 8 * 1024 * 1024
FLUSH_SECONDS = 0.5
BACKOFF_SECONDS_MAX = 30.0


class Refused(Exception):
    """The server understood a request and refused it: the same request will never be taken."""

    def __init__(self, status: int, message: str):
        super().__init__(f"{status}: {message}")
        self.status = status


class _Unavailable(Exception):
    def __init__(self, message: str, retry_after: float = 0.0):
        super().__init__(message)
        self.retry_after = retry_after


class Truthloop:
    """A connection to one Truthloop.

    url           of its web role, without a path
    key           INGEST_KEY, or one made by `npm run keys -- make NAME`
    model_version name of the model that predicts; `report` may give another one
    queue_max     predictions that wait at most; beyond it new ones are dropped and counted
    attempts_max  tries of one batch before it is dropped and counted
    timeout       seconds for one request
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        model_version: Optional[str] = None,
        queue_max: int = 10_000,
        attempts_max: int = 10,
        timeout: float = 30.0,
    ):
        scheme = urllib.parse.urlsplit(url).scheme
        if scheme not in ("http", "https"):
            raise ValueError(f"url is {url!r}: expected an http or https address")
        if not key:
            raise ValueError("key is empty: expected INGEST_KEY or a key of your own")
        self._url = url.rstrip("/")
        self._key = key
        self._model_version = model_version
        self._attempts_max = attempts_max
        self._timeout = timeout
        self._queue: "queue.Queue[Optional[bytes]]" = queue.Queue(maxsize=queue_max)
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._waiting = 0
        self._closing = threading.Event()
        self._counts = {"recorded": 0, "refused": 0, "dropped": 0}
        # No proxy from the environment: the key goes to this server and nowhere else.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        self._thread = threading.Thread(target=self._run, name="truthloop", daemon=True)
        self._thread.start()

    def report(
        self,
        prediction: Optional[str] = None,
        probability: Optional[float] = None,
        *,
        probabilities: Optional[Mapping[str, float]] = None,
        image: Optional[Image] = None,
        image_url: Optional[str] = None,
        model_version: Optional[str] = None,
        time: Optional[datetime] = None,
        external_id: Optional[str] = None,
        segment: Optional[str] = None,
    ) -> str:
        """Queues one prediction and returns its external id, at once.

        Class and confidence, or all probabilities (class -> probability). Without `image` and `image_url` the image is asked
        for only if the prediction is to be labelled: see `send_wanted_images`.
        """
        version = model_version or self._model_version
        if not version:
            raise ValueError("model_version is missing: give it here or to Truthloop(...)")
        if image is not None and image_url is not None:
            raise ValueError("give image or image_url, not both")
        if probabilities is None and (prediction is None or probability is None):
            raise ValueError("give prediction and probability, or probabilities")
        if time is not None and time.tzinfo is None:
            raise ValueError("time has no time zone: use datetime.now(timezone.utc)")
        external_id = external_id or uuid.uuid4().hex
        when = time.isoformat() if time is not None else _now_ms()
        fields = {
            "prediction": prediction,
            "probability": None if probability is None else float(probability),
            "probabilities": probabilities and {k: float(p) for k, p in probabilities.items()},
            "image": None if image is None else base64.b64encode(image).decode("ascii"),
            "image_url": image_url,
            "model_version": version,
            "time": when,
            "external_id": external_id,
            "segment": segment,
        }
        line = json.dumps({k: v for k, v in fields.items() if v is not None}).encode()
        self._enqueue(line)
        return external_id

    def wanted_images(self) -> list[dict]:
        """Predictions reported without an image that are to be labelled: dicts with "id" and "external_id"."""
        return json.loads(self._ask("GET", "/api/images/wanted"))["wanted"]

    def send_wanted_images(self, load: Callable[[str], Optional[Image]]) -> int:
        """Sends each wanted image that `load(external_id)` finds (None: it has none). Returns how many were sent.

        Don't let users see which predictions are wanted: who flags has to stay independent of who is sampled.
        """
        sent = 0
        for wanted in self.wanted_images():
            image = load(wanted["external_id"])
            if image is None:
                continue
            path = f"/api/predictions/{urllib.parse.quote(wanted['id'], safe='')}/image"
            self._ask("PUT", path, json.dumps({"image": base64.b64encode(image).decode("ascii")}).encode())
            sent += 1
        return sent

    @property
    def counts(self) -> dict[str, int]:
        """Predictions so far: recorded, refused by the server, dropped here."""
        with self._lock:
            return dict(self._counts)

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Waits until nothing is queued or on its way. False when that takes longer than `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._waiting == 0, timeout)

    def close(self, timeout: float = 30.0) -> bool:
        """Sends what is left and ends the thread. False when something was left after `timeout` seconds."""
        is_done = self.flush(timeout)
        self._closing.set()
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            pass
        self._thread.join(timeout=5)
        return is_done

    def __enter__(self) -> "Truthloop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enqueue(self, line: bytes) -> None:
        if self._closing.is_set():
            raise RuntimeError("this client is closed")
        with self._lock:
            self._waiting += 1
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self._settle("dropped", 1)
            log.warning("Truthloop's queue is full: a prediction was dropped")

    def _run(self) -> None:
        while not self._closing.is_set():
            batch = self._next_batch()
            if batch:
                self._deliver(batch)

    def _next_batch(self) -> list[bytes]:
        first = self._queue.get()
        if first is None:
            return []
        batch, size = [first], len(first)
        until = time.monotonic() + FLUSH_SECONDS
        while len(batch) < BATCH_LINES_MAX and size < BATCH_BYTES_MAX:
            try:
                line = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                break
            batch.append(line)
            size += len(line)
        return batch

    def _deliver(self, batch: list[bytes]) -> None:
        left = batch
        for attempt in range(self._attempts_max):
            try:
                left = self._send(left)
                if not left:
                    return
                wait = 1.0
            except Refused as error:
                log.error("Truthloop refused %d predictions: %s", len(left), error)
                self._settle("refused", len(left))
                return
            except _Unavailable as error:
                log.warning("Truthloop can't be reached (%s); %d predictions wait", error, len(left))
                wait = error.retry_after
            backoff = random.uniform(0.1, min(BACKOFF_SECONDS_MAX, 0.5 * 2**attempt))
            if self._closing.wait(max(wait, backoff)):
                break
        log.error("Truthloop did not take %d predictions: dropped", len(left))
        self._settle("dropped", len(left))

    def _send(self, batch: list[bytes]) -> list[bytes]:
        """Returns the lines that are to be sent again."""
        text = self._ask("POST", "/api/predictions", b"\n".join(batch), "application/x-ndjson")
        answers = {}
        for line in text.splitlines():
            if line.strip():
                answer = json.loads(line)
                answers[answer["line"]] = answer
        again: list[bytes] = []
        recorded = refused = 0
        for number, line in enumerate(batch, start=1):
            answer = answers.get(number)
            if answer is None or answer["status"] in (429, 503):
                again.append(line)
            elif answer["status"] < 300:
                recorded += 1
            else:
                refused += 1
                log.error("Truthloop refused a prediction: %s", answer.get("error", {}).get("message"))
        self._settle("recorded", recorded)
        self._settle("refused", refused)
        return again

    def _settle(self, outcome: str, count: int) -> None:
        with self._idle:
            self._counts[outcome] += count
            self._waiting -= count
            self._idle.notify_all()

    def _ask(self, method: str, path: str, body: Optional[bytes] = None, type: str = "application/json") -> str:
        request = urllib.request.Request(self._url + path, data=body, method=method)
        request.add_header("Authorization", f"Bearer {self._key}")
        if body is not None:
            request.add_header("Content-Type", type)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return response.read().decode()
        except urllib.error.HTTPError as error:
            said = _message_in(error)
            if error.code in (408, 429) or error.code >= 500:
                raise _Unavailable(said, _seconds(error.headers.get("Retry-After"))) from error
            raise Refused(error.code, said) from error
        except (OSError, http.client.HTTPException) as error:
            raise _Unavailable(str(error) or error.__class__.__name__) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key is for this server alone."""

    def redirect_request(self, *_: object) -> None:
        return None


def _now_ms() -> int:
    return int(time.time() * 1000)


def _seconds(text: Optional[str]) -> float:
    try:
        return min(300.0, float(text)) if text else 0.0
    except ValueError:
        return 0.0


def _message_in(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except Exception:  # whatever else stands there is no message
        return f"HTTP {error.code}"
