"""What is known of data sets by name: the one reader of `sources.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from covidxray_api.models.artefacts import Declaration


class Source(Declaration):
    """A hospital or a collection that radiographs come from."""

    archive: str | None = None
    """Archive that it was drawn from; its own name if none is given."""

    ages: str | None = None
    """Who its patients are, where they are not adults."""

    reference_standard: str = "labels of the collection"
    """What its labels rest on."""


class OtherImages(Declaration):
    """Kinds of images that are no frontal chest radiograph."""

    lateral: str
    """Kind that shows a chest, though not from the front."""

    tiers: Mapping[str, tuple[str, ...]]
    """Kinds by how far they are from a frontal chest radiograph."""


class DataSets(Declaration):
    """The file as a whole."""

    target: str
    """Code of the label that operating points are about."""

    left_out: Mapping[str, tuple[str, ...]]
    """Sources that the protocol leaves out together, by the name of the arm."""

    hospitals: Mapping[str, tuple[str, ...]]
    """Sources that the gate is trained without, by the name of the group."""

    class_folders: Mapping[str, str]
    """Label of each class folder, by its name in lower case."""

    lung_masks: str
    """Source of radiographs with drawn lungs that are no copies of labelled ones."""

    other_images: OtherImages
    """Images that must be refused."""

    sources: Mapping[str, Source]
    """Sources by name; one that is not listed is of adults and an archive of its own."""

    def archive(self, source: str) -> str:
        """Return the archive that a source was drawn from."""
        return self.sources.get(source, Source()).archive or source

    def archives(self, sources: Iterable[str]) -> dict[str, list[str]]:
        """Return the given sources by archive."""
        found: dict[str, list[str]] = {}
        for source in sources:
            found.setdefault(self.archive(source), []).append(source)
        return found

    def hospital(self, source: str) -> str:
        """Return the name of the hospitals that are left out together with a source."""
        return next((name for name, group in self.hospitals.items() if source in group), source)

    def of_children(self, source: str) -> bool:
        """Return whether a source's patients are children."""
        return self.sources.get(source, Source()).ages is not None


def read_data_sets(path: Path) -> DataSets:
    """Read the file that names data sets."""
    return DataSets.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


DATA_SETS = read_data_sets(Path(__file__).with_name("sources.toml"))

COVID = DATA_SETS.target
LATERAL = DATA_SETS.other_images.lateral
