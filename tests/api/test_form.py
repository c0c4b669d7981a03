"""Forms as clients write them: what is in one is taken, or refused with the true reason."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import Any

import httpx
import pytest

HEAD = b'Content-Disposition: form-data; name="file"; filename="film.png"\r\n'
CLOSE = b"\r\n--x--\r\n"


def part(data: bytes, head: bytes = HEAD) -> bytes:
    return b"--x\r\n" + head + b"\r\n" + data


def post(service: httpx.Client, body: bytes, path: str = "/predict") -> httpx.Response:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return service.post(path, content=body, headers=headers)


def assert_refused(answer: httpx.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for word in words:
        assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda film: part(film) + CLOSE, id="plain"),
        pytest.param(lambda film: part(film) + b"\r\n--x--", id="no line end"),
        pytest.param(lambda film: b"Preamble --x\r\n" + part(film) + CLOSE, id="preamble"),
        pytest.param(lambda film: b"\r\n" + part(film) + CLOSE, id="empty preamble"),
        pytest.param(lambda film: part(film) + CLOSE + b"epilogue", id="epilogue"),
        pytest.param(
            lambda film: part(film, b'Content-Disposition: form-data; name="file"\r\n') + CLOSE,
            id="no filename",
        ),
        pytest.param(
            lambda film: (
                part(film)
                + b"\r\n"
                + part(b"", HEAD.replace(b"film.png", b"").replace(b"film", b""))
                + CLOSE
            ),
            id="second input left empty",
        ),
        pytest.param(
            lambda film: (
                part(
                    base64.encodebytes(film),
                    HEAD + b"Content-Transfer-Encoding: base64\r\n",
                )
                + CLOSE
            ),
            id="base64",
        ),
        pytest.param(
            lambda film: part(film, HEAD.replace(b"film", "película".encode("latin-1"))) + CLOSE,
            id="latin-1",
        ),
    ],
)
def test_a_form_is_taken(service: httpx.Client, film: bytes, write: Any) -> None:
    answer = post(service, write(film))

    assert answer.status_code == 200, answer.text
    assert answer.json()["predicted_label"] == "normal"


def test_a_part_without_a_filename_may_have_more_than_a_megabyte(
    service: httpx.Client, film: bytes
) -> None:
    padded = film + bytes(2 * 1024 * 1024)

    answer = service.post("/predict", files={"file": (None, padded)})

    assert answer.json()["predicted_label"] == "normal"


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda film: part(film), "closing boundary"),
        (lambda film: part(film)[: len(film) // 2], "closing boundary"),
        (lambda film: b"--y\r\n" + film, "does not occur"),
        (lambda film: b"", "does not occur"),
        (
            lambda film: b"".join(
                part(b"", b'Content-Disposition: form-data; name="a%d"\r\n' % n) + b"\r\n"
                for n in range(40)
            ),
            "more than 33 parts",
        ),
        (
            lambda film: part(b"!!!", HEAD + b"Content-Transfer-Encoding: base64\r\n") + CLOSE,
            "base64",
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_for_what_it_lacks(
    service: httpx.Client, film: bytes, write: Any, words: str
) -> None:
    assert_refused(post(service, write(film)), 400, words)


def test_an_encoding_of_a_part_that_is_not_read_is_named(
    service: httpx.Client, film: bytes
) -> None:
    body = part(film, HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n") + CLOSE

    assert_refused(post(service, body), 415, "quoted-printable")


def test_an_input_in_which_nothing_was_chosen_is_an_empty_file(service: httpx.Client) -> None:
    answer = post(service, part(b"", HEAD.replace(b"film.png", b"")) + CLOSE)

    assert answer.json()["type"] == "/problems/empty-file"


@pytest.mark.parametrize("media_type", ["multipart/related", "multipart/mixed"])
def test_other_bodies_of_several_parts_are_named(
    service: httpx.Client, film: bytes, media_type: str
) -> None:
    headers = {"Content-Type": f'{media_type}; boundary=x; type="application/dicom"'}

    answer = service.post("/predict", content=part(film) + CLOSE, headers=headers)

    assert_refused(answer, 415, media_type)


class TestFields:
    def test_they_are_taken_like_query_parameters(self, service: httpx.Client, film: bytes) -> None:
        fields = {
            "model": "multi-source-fast",
            "operating_point": "specific",
            "prevalence": "0.05",
            "gate": "ssim",
        }

        form = service.post("/predict", files={"file": film}, data=fields).json()
        query = service.post("/predict", params=fields, files={"file": film}).json()

        assert form["model"]["name"] == "multi-source-fast"
        assert form["operating_point"] == "specific"
        assert form["predictive_values"]["prevalence"] == 0.05
        assert form["consistency"]["gate"] is None
        assert form | {"request_id": ""} == query | {"request_id": ""}

    @pytest.mark.parametrize(
        ("path", "name", "words"),
        [
            ("/predict", "operating-point", "did you mean 'operating_point'"),
            ("/predict", "threshold", "there are: model"),
            ("/predict", "version", "there are: model"),
            ("/predict", "ward", "there are: model"),
            ("/preview", "model", "there are: none"),
            ("/validate", "model", "there are: gate"),
        ],
    )
    def test_one_that_is_misspelt_or_misplaced_is_refused(
        self, service: httpx.Client, film: bytes, path: str, name: str, words: str
    ) -> None:
        for where in ("data", "params"):
            told: dict[str, Any] = {where: {name: "0.9"}}
            answer = service.post(path, files={"file": film}, **told)

            assert_refused(answer, 400, f"'{name}'", words)

    def test_a_second_file_of_another_name_is_refused(
        self, service: httpx.Client, film: bytes
    ) -> None:
        answer = service.post("/predict", files={"file": film, "lateral": film})

        assert_refused(answer, 400, "'lateral'")

    def test_one_that_is_given_twice_is_refused(self, service: httpx.Client, film: bytes) -> None:
        twice = service.post(
            "/predict", params={"model": "seed-cnn"}, files={"file": film}, data={"model": "x"}
        )
        query = service.post("/predict?gate=ssim&gate=learned", content=film)

        assert_refused(twice, 400, "'model'", "more than once")
        assert_refused(query, 400, "'gate'", "more than once")

    def test_a_value_that_cannot_be_one_is_refused(
        self, service: httpx.Client, film: bytes
    ) -> None:
        answer = service.post("/predict", files={"file": film}, data={"prevalence": "5"})

        assert_refused(answer, 400, "prevalence")


class TestContentEncoding:
    @pytest.mark.parametrize(
        ("coding", "pack"),
        [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)],
    )
    def test_a_packed_body_is_unpacked(
        self, service: httpx.Client, film: bytes, coding: str, pack: Any
    ) -> None:
        headers = {"Content-Encoding": coding}
        form = {**headers, "Content-Type": "multipart/form-data; boundary=x"}

        raw = service.post("/predict", content=pack(film), headers=headers)
        packed = service.post("/predict", content=pack(part(film) + CLOSE), headers=form)

        assert raw.json()["predicted_label"] == packed.json()["predicted_label"] == "normal"

    def test_one_that_is_not_read_is_named(self, service: httpx.Client, film: bytes) -> None:
        answer = service.post("/predict", content=film, headers={"Content-Encoding": "br"})

        assert_refused(answer, 415, "br")

    @pytest.mark.parametrize("cut", [slice(None, -20), slice(20, None)])
    def test_a_damaged_one_is_refused(self, service: httpx.Client, film: bytes, cut: slice) -> None:
        packed = gzip.compress(film)[cut]

        answer = service.post("/predict", content=packed, headers={"Content-Encoding": "gzip"})

        assert_refused(answer, 400, "gzip")

    def test_what_unpacks_beyond_the_limit_is_refused(self, service: httpx.Client) -> None:
        packed = gzip.compress(bytes(64 * 1024 * 1024))

        answer = service.post("/predict", content=packed, headers={"Content-Encoding": "gzip"})

        assert_refused(answer, 413, "limit")


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (lambda film: base64.b64encode(film), "base64 text"),
        (lambda film: b"data:image/png;base64," + base64.b64encode(film), "base64 text"),
        (lambda film: b'{"file": "' + base64.b64encode(film) + b'"}', "JSON"),
    ],
)
def test_an_image_inside_a_text_is_refused_by_name(
    service: httpx.Client, film: bytes, wrap: Any, name: str
) -> None:
    assert_refused(service.post("/predict", content=wrap(film)), 415, name)
