"""A storm: films are stored on several associations while the node is killed again and again."""

from __future__ import annotations

import hashlib
import io
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from pydicom import dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from tests.dicom_files import dicom
from tests.hospital.nodes import SUCCESS, Archive, free_port, reachable, running

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("normal", "covid_19", "viral_pneumonia")

TELL_S = 5.0
"""Time between two words on how far a storm is."""


@dataclass
class Counting(Archive):
    """An archive that keeps of each result what it is of, and its digest."""

    digests: dict[str, list[str]] = field(default_factory=dict)
    """By study, of each result that arrived."""

    def _store(self, event: evt.Event) -> int:
        digest = hashlib.sha256(event.encoded_dataset(include_meta=False)).hexdigest()
        self.digests.setdefault(event.dataset.StudyInstanceUID, []).append(digest)
        return SUCCESS


@dataclass(frozen=True)
class Storm:
    """What came of a storm."""

    films: int
    """Films that were sent, each of a study of its own, until each was acknowledged."""

    kills: int
    answered: int
    """Studies of which the archive has a result."""

    different: int
    """Studies of which it was sent two results that differ."""

    arrived: Mapping[int, int]
    """Of how many studies a result arrived once, twice and so on; what arrived again is the same
    bytes, since a kill came between sending and noting it."""

    waiting: int
    """Results that the node believes not to have sent."""

    seconds: float
    """From the first film to the last result."""


def film(name: str = NAMES[0]) -> bytes:
    """Return an example as a film of a study of its own."""
    pixels = cv2.imread(str(EXAMPLES / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    uids = {f"{level}InstanceUID": generate_uid() for level in ("Study", "Series", "SOP")}
    return dicom(np.asarray(pixels, np.uint8), **uids)


def rage(
    folder: Path,
    films: int,
    associations: int,
    kills: int,
    patience_s: float = 600.0,
    tell: Callable[[str], object] = lambda _: None,
) -> Storm:
    """Send films, kill the node, and return what came of it once every film is answered.

    One kill is timed by what is acknowledged and the next by what is answered, each at a moment of
    chance thereafter.

    Parameters
    ----------
    folder : Path
        Where the node keeps its things.
    films, associations, kills : int
        How many.
    patience_s : float
        Time after which it has failed.
    tell : callable
        Is told now and then how far it is.
    """
    port, acknowledged, chance = free_port(), list[int](), random.Random(20)  # noqa: S311
    deadline, archive = time.monotonic() + patience_s, Counting()
    sent = [film(NAMES[number % len(NAMES)]) for number in range(films)]

    def send(part: Sequence[bytes]) -> None:
        for _ in acknowledgements(port, part, deadline):
            acknowledged.append(1)

    def wait(true: Callable[[], bool], pause_s: float = 0.02) -> None:
        told = time.monotonic()
        while not true():
            if time.monotonic() > told + TELL_S:
                told = time.monotonic()
                tell(f"{len(acknowledged)} acknowledged, {len(archive.digests)} answered")
            assert time.monotonic() < deadline, "It never came true."
            time.sleep(pause_s)

    with archive.listening(), ExitStack() as lives:
        config = {"port": port, "retry_most_s": 0.5, "destinations": [archive.destination()]}
        node = lives.enter_context(running(folder, **config))
        assert node.port == port
        begun = time.monotonic()
        pool = lives.enter_context(ThreadPoolExecutor(associations))
        sending = [pool.submit(send, sent[n::associations]) for n in range(associations)]
        for number in range(1, kills + 1):
            counted = acknowledged if number % 2 else archive.digests
            wait(lambda: len(counted) >= number * films // (kills + 1))  # noqa: B023
            time.sleep(chance.random() / 2)
            node.kill()
            tell(f"{number} of {kills} kills")
            node = lives.enter_context(running(folder, **config))
        wait(lambda: all(each.done() for each in sending))
        for each in sending:
            each.result()
        wait(lambda: len(archive.digests) == films)
        wait(lambda: node.results() == {("pacs", "sent"): films}, pause_s=0.5)
        seconds = time.monotonic() - begun
        assert node.stop() == 0
        waiting = films - node.results()["pacs", "sent"]
    return Storm(
        films=films,
        kills=kills,
        answered=len(archive.digests),
        different=sum(len(set(found)) > 1 for found in archive.digests.values()),
        arrived=dict(sorted(Counter(map(len, archive.digests.values())).items())),
        waiting=waiting,
        seconds=seconds,
    )


def acknowledgements(port: int, films: Sequence[bytes], deadline: float) -> Iterator[None]:
    """Send films as a modality does, each until it is told that it was stored, and tell of each."""
    left = deque(dcmread(io.BytesIO(film)) for film in films)
    ae = AE("MODALITY")
    ae.add_requested_context(left[0].SOPClassUID, left[0].file_meta.TransferSyntaxUID)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    while left and time.monotonic() < deadline:
        if reachable(port):
            association = ae.associate("127.0.0.1", port, ae_title="COVIDXRAY")
            try:
                while left and association.is_established:
                    if association.send_c_store(left[0]).get("Status") != SUCCESS:
                        break
                    left.popleft()
                    yield
            except (RuntimeError, ValueError):
                pass  # It was killed meanwhile.
            finally:
                association.release()
        time.sleep(0.05)
