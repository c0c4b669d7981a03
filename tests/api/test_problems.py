from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from covidxray_api.api.problems import STATUS
from covidxray_api.errors import CovidXrayError, kinds
from covidxray_api.models.manifest import WEIGHTS
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings
from covidxray_api.texts.problems import advice, title

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]


def assert_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, object]:
    """Check that an answer is the problem that it should be, in every field."""
    body: dict[str, object] = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "detail", "advice", "request_id"}
    assert body["type"] == f"/problems/{slug}"
    assert body["title"] == title(slug, "en")
    assert body["status"] == status
    assert body["detail"]
    assert body["advice"] == advice(slug, "en", "http")
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def announcing(png: bytes, width: int, height: int) -> bytes:
    """Write another size into the header of a PNG."""
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


@pytest.mark.parametrize("path", ["/predict", "/validate", "/preview", "/levels", "/report"])
class TestUploads:
    def test_an_empty_body(self, service: httpx.Client, path: str) -> None:
        assert_problem(service.post(path), 400, "empty-file")

    def test_an_empty_file(self, service: httpx.Client, path: str) -> None:
        assert_problem(service.post(path, files={"file": b""}), 400, "empty-file")

    def test_a_text_named_as_an_image(self, service: httpx.Client, path: str) -> None:
        files = {"file": ("film.png", b"The patient is well.", "image/png")}

        assert_problem(service.post(path, files=files), 415, "unsupported-format")

    def test_a_truncated_image(self, service: httpx.Client, path: str, film: bytes) -> None:
        answer = service.post(path, content=film[: len(film) // 2])

        assert_problem(answer, 422, "unreadable-image")

    def test_an_image_of_one_pixel(
        self, service: httpx.Client, path: str, blank: Callable[[int, int], bytes]
    ) -> None:
        assert_problem(service.post(path, content=blank(1, 1)), 422, "image-too-small")

    def test_an_image_that_announces_too_many_pixels(
        self, service: httpx.Client, path: str, blank: Callable[[int, int], bytes]
    ) -> None:
        answer = service.post(path, content=announcing(blank(64, 64), 30_000, 30_000))

        assert_problem(answer, 413, "too-many-pixels")

    def test_a_form_without_the_file(self, service: httpx.Client, path: str, film: bytes) -> None:
        body = assert_problem(service.post(path, files={"image": film}), 400, "missing-file")

        assert body["detail"] == "The form has no file named 'file'; its fields are: image."

    def test_a_form_with_text_for_the_file(self, service: httpx.Client, path: str) -> None:
        answer = service.post(path, files={"file": (None, b"text")})

        assert_problem(answer, 415, "unsupported-format")

    def test_a_form_with_several_files(self, service: httpx.Client, path: str, film: bytes) -> None:
        answer = service.post(path, files=[("file", film), ("file", film)])

        assert_problem(answer, 400, "invalid-request")

    def test_a_form_that_names_the_file_twice(
        self, service: httpx.Client, path: str, film: bytes
    ) -> None:
        answer = service.post(path, files=[("file", film), ("file", (None, b"text"))])

        assert_problem(answer, 400, "invalid-request")

    @pytest.mark.parametrize(
        "media_type", ["multipart/form-data", "multipart/form-data; boundary=x"]
    )
    def test_a_form_that_cannot_be_read(
        self, service: httpx.Client, path: str, media_type: str
    ) -> None:
        answer = service.post(path, content=b"garbage", headers={"Content-Type": media_type})

        assert_problem(answer, 400, "invalid-request")

    def test_a_method_that_is_not_offered(self, service: httpx.Client, path: str) -> None:
        answer = service.get(path)

        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "about:blank"
        assert answer.json()["title"] == "Method Not Allowed"


class TestByteLimit:
    @pytest.fixture
    def small(self, serve: Serve) -> Iterator[httpx.Client]:
        with serve(Settings(max_body_bytes=200_000)) as client:
            yield client

    def test_a_declared_length_beyond_it(self, small: httpx.Client) -> None:
        answer = small.post("/predict", content=bytes(200_001))

        body = assert_problem(answer, 413, "body-too-large")
        assert body["detail"] == "The body has 200,001 bytes; at most 200,000 are accepted."

    def test_a_stream_beyond_it(self, small: httpx.Client) -> None:
        answer = small.post("/predict", content=(bytes(1000) for _ in range(201)))

        body = assert_problem(answer, 413, "body-too-large")
        assert body["detail"] == "The body has more than 200,000 bytes, which is the limit."

    def test_a_form_beyond_it(self, small: httpx.Client) -> None:
        answer = small.post("/predict", files={"file": bytes(200_000)})

        assert_problem(answer, 413, "body-too-large")


class TestModels:
    def test_a_model_that_is_not_stored(self, service: httpx.Client, film: bytes) -> None:
        answer = service.post("/predict", params={"model": "../seed-cnn"}, content=film)

        assert_problem(answer, 404, "unknown-model")

    def test_a_name_that_cannot_be_one(self, service: httpx.Client, film: bytes) -> None:
        answer = service.post("/predict", params={"model": ""}, content=film)

        assert_problem(answer, 400, "invalid-request")

    def test_a_model_that_is_damaged(self, serve: Serve, film: bytes, tmp_path: Path) -> None:
        store = tmp_path / "model_store"
        shutil.copytree(Settings().model_store, store)
        (ModelStore(store).get("seed-cnn").folder / WEIGHTS).write_bytes(b"other weights")

        with serve(Settings(model_store=store)) as client:
            broken = client.post("/predict", params={"model": "seed-cnn"}, content=film)
            whole = client.post("/predict", content=film)

        body = assert_problem(broken, 500, "corrupt-artefact")
        assert str(tmp_path) not in str(body)
        assert whole.json()["predicted_label"] == "normal"


def test_a_path_that_leads_nowhere(service: httpx.Client) -> None:
    answer = service.get("/predictions")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "GET /predictions",
        "advice": "Compare the request with the API description at /docs.",
        "request_id": answer.headers["x-request-id"],
    }


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.code)
def test_a_problem_type_leads_to_its_meaning(
    service: httpx.Client, kind: type[CovidXrayError]
) -> None:
    assert service.get(f"/problems/{kind.code}").json() == {
        "type": f"/problems/{kind.code}",
        "title": title(kind.code, "en"),
        "status": STATUS[kind.code],
        "advice": advice(kind.code, "en", "http"),
    }


def test_an_unknown_problem_type_leads_nowhere(service: httpx.Client) -> None:
    assert service.get("/problems/none-such").status_code == 404
