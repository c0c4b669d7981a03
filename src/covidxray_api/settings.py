"""Every knob of the service, each with the sentence that documents it."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    FilePath,
    IPvAnyNetwork,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from covidxray_api.errors import InvalidConfiguration

PREFIX = "COVIDXRAY_"
"""How the names of the variables begin that settings are read from."""

HANDED_DOWN = f"{PREFIX}HANDED_DOWN"
"""Variable in which the settings reach the processes that serve, as JSON; set by the service."""


def shipped(name: str) -> Path:
    """Find a folder that travels with the package.

    Parameters
    ----------
    name : str
        ``"model_store"`` or ``"reference"``.

    Returns
    -------
    Path
        Inside the installed package for a wheel, at the top of the tree for a checkout.
    """
    package = Path(__file__).parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parents[1] / name


GateName = Literal["learned", "ssim"]
"""What can tell a chest radiograph from all else."""


EngineName = Literal["compiled", "keras"]
"""What can compute a network."""


Scope = Literal["predict", "feedback", "results", "metrics", "admin"]
"""What a caller may be allowed: to have radiographs screened, to say what they think of an answer,
to read the worklist and the DICOM results that are kept, which name patients, to read the metrics,
or to see what the service has done."""


Origin = Annotated[str, Field(pattern=r"^https?://[^/?#@\s*]+$")]
"""Scheme, host and, if it is not the scheme's own, port of a page (RFC 6454, section 6.2)."""


RecordScreenings = Literal["off", "on", "required"]
"""Whether screenings are recorded, and whether no answer may go without."""


class Settings(BaseSettings):
    """Read once at start from ``COVIDXRAY_*`` environment variables, then passed down."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, use_attribute_docstrings=True, extra="forbid"
    )

    host: str = "127.0.0.1"
    """Address that the service listens on."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port that the service listens on; 0 takes a free one."""

    grpc_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of the Open Inference Protocol over gRPC, on the same address; 0 takes a free one, for a
    single process. Without one, it is spoken over HTTP alone."""

    open_to_all: bool = False
    """Whether anybody may call where the service listens beyond this machine; refused otherwise
    unless callers have to say who they are."""

    keys: Path | None = None
    """File of the API keys that `covidxray keys create` makes; with one, every caller needs a
    key."""

    oidc_issuer: str | None = None
    """OpenID Connect issuer whose tokens are accepted, as `https://login.hospital.example/realms/x`;
    tokens and keys may be used side by side."""

    oidc_audience: str | None = None
    """What a token has to be meant for: its `aud` has to name it."""

    oidc_roles_claim: str = "roles"
    """Claim in which a token states roles: a name, or a path with dots, as `realm_access.roles`."""

    oidc_roles: dict[str, list[Scope]] = {}
    """What each role allows, as JSON: `{"radiologist": ["predict", "feedback"]}`; other roles allow
    nothing."""

    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = ()
    """Origins whose pages may call the service from a browser, as `https://ris.hospital.example`,
    with spaces between; none otherwise."""

    tls_certificate: Path | None = None
    """File of the certificate and its chain, as PEM: with it the service speaks TLS (1.2 or later);
    read once at the start."""

    tls_key: Path | None = None
    """File of the certificate's private key, as PEM, without a password."""

    root_path: str = Field(default="", pattern=r"^(/[^/?#\s]+)*$")
    """Path prefix under which a reverse proxy publishes the service, as `/covidxray`, whether the
    proxy removes it from what it passes on or not."""

    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()
    """Addresses or networks, as `["10.0.0.5", "10.1.0.0/16"]`, of the reverse proxies whose
    `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Prefix` are believed; those of others
    are ignored."""

    model_store: Path = shipped("model_store")
    """Folder of the stored models, `<name>/<version>/`."""

    reference: Path = shipped("reference")
    """Folder of the mean reference radiograph, the gate, the lung finder and their manifests."""

    model_keys: Path | None = None
    """File of trusted public keys (Ed25519, PEM): with it, the service starts only if one of them
    has signed every model, the gate, the lung finder and the mean radiograph."""

    records: Path | str = Path("~/.local/share/covidxray/records.sqlite")
    """Where feedback and records of screenings are kept: a SQLite file on a local disk, made where
    there is none with its folder, or a PostgreSQL database, `postgresql://user@host/name`."""

    record_screenings: RecordScreenings = "off"
    """Whether each screening is recorded: `off`; `on`, and a record that cannot be written is
    counted as lost; or `required`, and the answer is refused instead."""

    records_key: Path | None = None
    """File of the secret by which images are hashed and records chained, made where there is none;
    beside the SQLite file if unset, and needed with PostgreSQL, the same for all who write."""

    retention_days: PositiveInt | None = None
    """Days after which feedback and records of screenings are deleted; kept if unset."""

    results: Path | None = None
    """Where DICOM results are kept for a time: a SQLite file on a local disk, made
    where there is none. With it, films are taken by DICOMweb, and there is a worklist; it holds
    what identifies patients."""

    results_hours: PositiveFloat = 24.0
    """Hours after which DICOM results are dropped, and studies leave the worklist."""

    gate: GateName = "learned"
    """What tells a chest radiograph from all else where a request names nothing: `learned`, or
    `ssim` for the paper's rule alone."""

    default_model: str = "multi-source"
    """Model that answers when a request names none."""

    site: Path | None = None
    """Site profile of `covidxray site fit`, for the default model; without one, the operating
    points are those of the model."""

    max_body_bytes: PositiveInt = 32 * 1024 * 1024
    """Largest accepted upload, in bytes; counted while it streams in."""

    max_pixels: PositiveInt = 64_000_000
    """Largest accepted image, in pixels; read from the header before pixels are allocated."""

    min_side: PositiveInt = 32
    """Smallest accepted height and width, in pixels."""

    workers: PositiveInt = 2
    """Processes that share the port, about 200 MB each; one for each core serves most images."""

    threads: PositiveInt = 1
    """Threads of each process that decode, check and infer, beside the event loop."""

    engine: EngineName = "compiled"
    """What computes the networks: `compiled`, or `keras` for TensorFlow itself."""

    inference_threads: PositiveInt = 1
    """Threads that one inference may use."""

    max_in_flight: PositiveInt = 32
    """Requests with an image that each process works on or keeps waiting; any more are refused at
    once."""

    client_rate: str | None = Field(default=None, pattern=r"^[1-9]\d*/(second|minute|hour|day)$")
    """Requests of one client that each process answers in a time, as `60/minute`; any more are
    refused. A client is a key, a subject of tokens, or else an address; a proxy that is not
    trusted is one address."""

    client_in_flight: PositiveInt | None = None
    """Requests of one client that each process works on at once; any more are refused."""

    batch_max_files: PositiveInt = 64
    """Most radiographs of one request for several."""

    batch_max_bytes: PositiveInt = 256 * 1024 * 1024
    """Largest accepted form with several radiographs, in bytes; it is held in memory."""

    batch_upload_s: PositiveFloat = 120.0
    """Seconds that such a form may take to arrive; each radiograph then has the time of a
    request."""

    batches_in_flight: PositiveInt = 2
    """Requests for several radiographs that each process serves at once; any more are refused."""

    jobs: Path | None = None
    """Folder on a local disk in which jobs keep radiographs until they are screened, and answers;
    made where there is none. Without one, no jobs are taken."""

    jobs_max_files: PositiveInt = 1000
    """Most radiographs that wait in all jobs together; any more are refused."""

    jobs_max_bytes: PositiveInt = 1024 * 1024 * 1024
    """Most bytes of radiographs that wait in all jobs together; any more are refused."""

    jobs_kept_hours: PositiveFloat = 24.0
    """Hours after which a job that has ended is erased, answers and all."""

    webhook_origins: Annotated[tuple[Origin, ...], NoDecode] = ()
    """Origins that may be called when a job has ended, as `https://ris.hospital.example`, with
    spaces between; none otherwise."""

    webhook_secret: Path | None = None
    """File of the secret that such calls are signed with: `whsec_` and 24 to 64 bytes in
    base64."""

    deadline_s: PositiveFloat = 30.0
    """Seconds that a request may take, upload and waiting included."""

    hang_s: PositiveFloat = 120.0
    """Seconds after which work that does not end, or an event loop that does not respond, counts
    as hung: the process ends itself, to be replaced."""

    traces: str | None = Field(default=None, pattern=r"^https?://\S+$")
    """OTLP/HTTP endpoint that traces of requests are sent to, as
    `http://collector:4318/v1/traces`; needs the extra `traces`. None are made if unset."""

    page_line: str = ""
    """A line of the hospital's own at the top of the page, such as its name."""

    page_logo: FilePath | None = None
    """Picture beside it, as PNG, SVG, JPEG or WebP."""

    page_models: Annotated[tuple[str, ...], NoDecode] = ()
    """Models that the page offers, with spaces between; all that are for patients otherwise."""

    page_operating_point: str | None = None
    """Operating point that the page starts with, as `screening`; `balanced` otherwise."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged: debug, info, warning, error."""

    @field_validator("cors_origins", "page_models", "webhook_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return value.split() if isinstance(value, str) else value

    @classmethod
    def read(cls, **options: Any) -> Self:
        """Read the settings from the environment.

        Parameters
        ----------
        **options
            Of the command line; they override the environment unless they are None.

        Raises
        ------
        InvalidConfiguration
            If a variable or an option has no sensible value, or there is a variable of the
            service's that it does not know: a mistyped one would change nothing, unnoticed.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name in os.environ:
            if _is_unknown(name):
                known = [variable(field) for field in cls.model_fields]
                (meant,) = get_close_matches(name.upper(), known, n=1, cutoff=0)
                raise InvalidConfiguration("unknown_variable", name=name, meant=meant)
        try:
            return cls(**given)
        except ValidationError as error:
            fault = error.errors()[0]
            field, *inside = map(str, fault["loc"])
            name = ".".join([f"--{field}" if field in given else variable(field), *inside])
            raise InvalidConfiguration("setting", name=name, fault=fault["msg"]) from error


def variable(field: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + field.upper()


def _is_unknown(name: str) -> bool:
    known = {*map(variable, Settings.model_fields), HANDED_DOWN}
    return name.upper().startswith(PREFIX) and name.upper() not in known
