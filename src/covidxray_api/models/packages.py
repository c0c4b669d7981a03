"""A published version as one file, to be brought from one model store to another.

A package is a tar archive of `<name>/<version>/` and its files. Its SHA-256 says which one is
meant; that of the manifest inside, which lists those of the networks, is what answers name.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from covidxray_api.errors import CorruptArtefact, CovidXrayError, InvalidConfiguration
from covidxray_api.models.artefacts import CARD, DRAFT, EVIDENCE, MANIFEST, SIGNATURES, sha256_of
from covidxray_api.models.store import ModelStore, StoredModel

LARGEST = 4 << 30
"""Most bytes of a package, and of what it unpacks to."""

CHUNK = 1 << 20
"""Bytes that are copied at once."""


def publish(stored: StoredModel, target: str) -> str:
    """Write a version as a package, and return its SHA-256.

    The same version gives the same bytes: times and owners are left out.

    Parameters
    ----------
    stored : StoredModel
        The version, which is what was published.
    target : str
        A file that there is not, or the address of one, as fsspec knows it.

    Raises
    ------
    CorruptArtefact
        If the version is not what was published, or the package cannot be written.
    """
    stored.verify()
    optional = (*SIGNATURES, EVIDENCE, CARD)
    names = [*stored.manifest.files, *(it for it in optional if (stored.folder / it).is_file())]
    with TemporaryDirectory(prefix="covidxray-") as folder:
        package = Path(folder) / "package.tar"
        with tarfile.open(package, "w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted([MANIFEST, *names]):
                path = stored.folder / name
                manifest = stored.manifest
                entry = tarfile.TarInfo(f"{manifest.name}/{manifest.version}/{name}")
                entry.size, entry.mode = path.stat().st_size, 0o644
                with path.open("rb") as file:
                    archive.addfile(entry, file)
        with package.open("rb") as read, _opened(target, "xb") as written:
            shutil.copyfileobj(read, written, CHUNK)
        return sha256_of(package)


@contextmanager
def staged(source: str, store: ModelStore, sha256: str | None = None) -> Iterator[StoredModel]:
    """Read a version from elsewhere, beside the models of a store, where none sees it yet.

    Parameters
    ----------
    source : str
        The folder of a version, a package, or the address of one, as fsspec knows it.
    store : ModelStore
        Where it is to be kept.
    sha256 : str, optional
        Of the package, or of the manifest of a folder; needed for an address.

    Raises
    ------
    CorruptArtefact
        If it cannot be read, has another hash, or is no version of a model.
    InvalidConfiguration
        If an address has no hash, or what reads it is not installed.
    """
    if "://" in source and sha256 is None:
        raise InvalidConfiguration("no_sha256", source=source)
    sha256 = sha256.lower() if sha256 else None
    with _drafted(store.root) as folder:
        if Path(source).is_dir():
            version = _copied(Path(source), folder)
            found = sha256_of(version / MANIFEST)
        else:
            package = folder / "package.tar"
            found = _fetched(source, package)
            version = _unpacked(package, folder, source) if sha256 in {None, found} else folder
        if sha256 not in {None, found}:
            raise CorruptArtefact("other_hash", path=source, found=found)
        if not version.name.isdecimal() or version.parent.name.startswith("."):
            fault = f"{version.parent.name}/{version.name} is no <name>/<version>"
            raise CorruptArtefact("not_fetched", path=source, fault=fault)
        yield StoredModel.read(version)


def keep(staged: StoredModel, store: ModelStore) -> StoredModel:
    """Move a version that was read from elsewhere into a store, by a rename.

    Raises
    ------
    CorruptArtefact
        If the store has another version of that name and number.
    """
    manifest = staged.manifest
    folder = store.root / manifest.name / manifest.version
    folder.parent.mkdir(exist_ok=True)
    try:
        staged.folder.rename(folder)
    except OSError as error:
        kept = StoredModel.read(folder)
        if kept.sha256 != staged.sha256:
            raise CorruptArtefact("version_taken", path=folder) from error
    return StoredModel.read(folder)


@contextmanager
def _drafted(root: Path) -> Iterator[Path]:
    """Make a folder in a store that no one takes for a model."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        draft = TemporaryDirectory(prefix=DRAFT, dir=root)
    except OSError as error:
        raise CorruptArtefact("not_written", path=root, fault=_in_a_line(error)) from error
    with draft as name:
        yield Path(name)


def _copied(source: Path, folder: Path) -> Path:
    source = source.resolve()
    version = folder / source.parent.name / source.name
    try:
        shutil.copytree(source, version)
        (version / MANIFEST).stat()
    except (OSError, shutil.Error) as error:
        raise CorruptArtefact("not_fetched", path=source, fault=_in_a_line(error)) from error
    return version


def _fetched(source: str, package: Path) -> str:
    """Copy a package, and return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with _opened(source, "rb") as read, package.open("xb") as written:
        while chunk := read.read(CHUNK):
            size += len(chunk)
            if size > LARGEST:
                raise CorruptArtefact("not_fetched", path=source, fault="it does not end")
            digest.update(chunk)
            written.write(chunk)
    return digest.hexdigest()


def _unpacked(package: Path, folder: Path, source: str) -> Path:
    """Unpack a package, and return the folder of its version."""
    try:
        with tarfile.open(package, "r:") as archive:
            entries = [entry for entry in archive if not entry.isdir()]
            places = {Path(entry.name).parent for entry in entries}
            size = sum(entry.size for entry in entries)
            if len(places) != 1 or len(next(iter(places)).parts) != 2:
                raise tarfile.TarError("it has other files than those of one <name>/<version>/")
            if size > LARGEST:
                raise tarfile.TarError(f"it unpacks to {size} bytes")
            for entry in entries:
                # Files alone, none beyond the folder (PEP 706).
                archive.extract(entry, folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise CorruptArtefact("not_fetched", path=source, fault=_in_a_line(error)) from error
    return folder / next(iter(places))


@contextmanager
def _opened(place: str, mode: str) -> Iterator[IO[Any]]:
    """Open a file, or the address of one.

    Raises
    ------
    CorruptArtefact
        If it cannot be read or written.
    InvalidConfiguration
        If what reads such an address is not installed.
    """
    try:
        if "://" not in place:
            with Path(place).open(mode) as file:
                yield file
            return
        import fsspec

        with fsspec.open(place, mode.replace("x", "w")) as file:
            yield file
    except ImportError as error:
        raise InvalidConfiguration("remote_extra", source=place, fault=str(error)) from error
    except CovidXrayError:
        raise
    except Exception as error:  # each kind of store raises its own
        raise CorruptArtefact("not_fetched", path=place, fault=_in_a_line(error)) from error


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
