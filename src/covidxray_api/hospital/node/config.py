"""How the DICOM node is set up: one TOML file, each entry with the sentence that documents it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError

from covidxray_api.errors import InvalidConfiguration
from covidxray_api.hospital.kinds import Kind
from covidxray_api.models.artefacts import Declaration
from covidxray_api.texts import Language

AETitle = Annotated[str, Field(pattern=r"^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$")]
"""Name of an application entity: up to 16 printable characters but the backslash (PS3.5, 6.2)."""

Port = Annotated[int, Field(ge=0, le=65535)]

Action = Literal["screen", "ignore", "refuse"]
"""What becomes of a film: it is screened; accepted and not kept; or not accepted."""


class Peer(Declaration):
    """A system that may call the node."""

    ae_title: AETitle
    """AE title by which it calls."""

    host: str | None = None
    """IP address that it calls from; any if unset."""

    port: Port | None = None
    """Port at that address to which storage commitment is reported; it can ask for none if
    unset."""


class Rule(Declaration):
    """What becomes of some films: the first rule that fits a film holds.

    Each list that is not empty has to have the film's own value in it, whatever the case of its
    letters; an empty text in it stands for films that state none.
    """

    modality: tuple[str, ...] = ()
    """Modality (0008,0060), as `["CR", "DX"]`."""

    body_part: tuple[str, ...] = ()
    """Body Part Examined (0018,0015), as `["CHEST", ""]`."""

    view: tuple[str, ...] = ()
    """View Position (0018,5101), as `["PA", "AP"]`."""

    calling: tuple[str, ...] = ()
    """AE title of the system that sends it."""

    action: Action = "screen"
    """`screen`; `ignore`: accept it and do nothing; or `refuse` it."""

    destinations: tuple[str, ...] | None = None
    """Names of the destinations of its results; all if unset."""


class _Destination(Declaration):
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """Name of the destination in rules, status and metrics."""

    results: tuple[Kind, ...] = ("structured_report", "secondary_capture")
    """What it gets: `structured_report`, `secondary_capture`, `segmentation` (the saliency map)."""

    connections: PositiveInt = 4
    """Most connections to it at once; the results of one study leave on the same one, in order."""


class DimseDestination(_Destination):
    """A system that is sent results by C-STORE."""

    kind: Literal["dimse"]
    """How results are sent: `dimse`, `stow` or `fhir`."""

    ae_title: AETitle
    """AE title by which it is called."""

    host: str
    """Its address."""

    port: Port
    """Its port."""

    tls: bool = False
    """Whether it is called with TLS."""


class StowDestination(_Destination):
    """A system that is sent results by STOW-RS (PS3.18, section 10.5)."""

    kind: Literal["stow"]
    """How results are sent: `dimse`, `stow` or `fhir`."""

    url: str = Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$")
    """Address of its DICOMweb service, to which `/studies` is added."""

    authorization: Path | None = None
    """File with the value of the header Authorization, as `Bearer …`; read at each sending."""


class FhirDestination(Declaration):
    """A FHIR R4 server that is sent a bundle with report, observations and device."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """Name of the destination in rules, status and metrics."""

    kind: Literal["fhir"]
    """How results are sent: `dimse`, `stow` or `fhir`."""

    url: str = Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$")
    """Address of the server's base."""

    authorization: Path | None = None
    """File with the value of the header Authorization, as `Bearer …`; read at each sending."""

    @property
    def connections(self) -> int:
        """One: two bundles at once could each make the device that both refer to."""
        return 1


Destination = Annotated[
    DimseDestination | StowDestination | FhirDestination, Field(discriminator="kind")
]
"""Where results are sent."""


class NodeConfig(Declaration):
    """The node: who may call it, what it screens, where results go."""

    ae_title: AETitle = "COVIDXRAY"
    """AE title of the node."""

    host: str = "127.0.0.1"
    """Address that it listens on."""

    port: Port = 11112
    """Port that it listens on; 0 takes a free one."""

    open_to_all: bool = False
    """Whether it may listen beyond this machine where it cannot tell who calls: AE titles are no
    secret. Refused otherwise, unless each peer has its address or TLS asks for certificates."""

    folder: Path = Path("~/.local/share/covidxray/node")
    """Folder of films and results that are still needed, and of what became of them, on a local
    disk; made where there is none."""

    language: Language = "en"
    """Language of the results: `en` or `es`."""

    peers: tuple[Peer, ...] = ()
    """Systems that may call; any may if there are none."""

    rules: tuple[Rule, ...] = (Rule(modality=("CR", "DX")),)
    """What becomes of films; the first that fits holds."""

    otherwise: Action = "ignore"
    """What becomes of films that no rule fits."""

    destinations: tuple[Destination, ...] = ()
    """Where results are sent."""

    quiet_s: NonNegativeFloat = 30.0
    """Seconds without a further film after which a study is answered."""

    keep_films: NonNegativeFloat | Literal["always"] = 0.0
    """Seconds for which a film is kept after it is answered, and until its results are
    acknowledged; or `always`, and only then is storage committed."""

    remember_s: PositiveFloat = 90 * 86400.0
    """Seconds for which the UIDs of a film that was dropped, and of its results, are remembered: if
    it comes again, it is not answered again. Thereafter it is as a new one."""

    retry_most_s: PositiveFloat = 600.0
    """Longest time between two tries to send a result; the first is a second, and each is twice the
    one before."""

    give_up_s: PositiveFloat = 3 * 86400.0
    """Seconds after which a result that cannot be sent is a dead letter; one that is refused is at
    once."""

    max_associations: PositiveInt = 16
    """Most associations at once; any more are rejected."""

    max_pdu_bytes: int = Field(default=262_144, ge=4096, le=4_194_304)
    """Largest PDU that is received."""

    timeout_s: PositiveFloat = 60.0
    """Seconds after which a peer that says nothing, or does not answer, is given up."""

    tls_certificate: Path | None = None
    """File of the node's certificate and its chain, as PEM: with it, the node speaks TLS alone."""

    tls_key: Path | None = None
    """File of its private key, as PEM, without a password."""

    tls_peers: Path | None = None
    """File of the authorities whose certificates peers and destinations have to show, as PEM."""

    metrics_port: Port | None = None
    """Port of this machine on which Prometheus finds the metrics; none if unset."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a configuration.

        Raises
        ------
        InvalidConfiguration
            If it cannot be read, or has an entry that is unknown or makes no sense.
        """
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise InvalidConfiguration("unreadable", path=path, fault=said) from error
        try:
            config = cls.model_validate(found)
        except ValidationError as error:
            fault = error.errors()[0]
            entry = ".".join(str(part) for part in fault["loc"])
            raise InvalidConfiguration(
                "node", path=path, entry=entry, fault=fault["msg"]
            ) from error
        config._check_names(path)
        return config

    def _check_names(self, path: Path) -> None:
        names = [destination.name for destination in self.destinations]
        for name in names:
            if names.count(name) > 1:
                raise InvalidConfiguration(
                    "node", path=path, entry="destinations", fault=f"{name!r} is there twice"
                )
        for number, rule in enumerate(self.rules):
            for name in rule.destinations or ():
                if name not in names:
                    entry = f"rules.{number}.destinations"
                    fault = f"there is no destination {name!r}"
                    raise InvalidConfiguration("node", path=path, entry=entry, fault=fault)
