"""What the wheel carries besides the package: the stored models and the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = ("model_store", "reference")


class Artefacts(BuildHookInterface[Any]):
    """Put all published files into the wheel, but those that only training reads."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files, unless the package is installed in place."""
        if version == "editable":
            return
        root = Path(self.root)
        for name in SHIPPED:
            for path in published(root / name):
                target = f"covidxray_api/shipped/{path.relative_to(root).as_posix()}"
                build_data["force_include"][str(path)] = target


def published(folder: Path) -> list[Path]:
    """Return the files of all versions under a folder, without drafts and training files."""
    skipped = {
        manifest.parent / name
        for manifest in folder.rglob("manifest.json")
        for name in json.loads(manifest.read_text(encoding="utf-8")).get("training_files", ())
    }
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path not in skipped
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
