"""Hooks of mkdocs: pages from the top of the tree, and links that lead out of `docs/`."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TOP = ("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md")
"""Pages that stand where platforms look for them, and belong to the site too."""

LINK = re.compile(r"(!?)\[([^]]+)\]\((?!https?:|#)([^)#\s]+)((?:#[^)\s]*)?)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from the top of the tree."""
    for name in TOP:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Lead links to pages of the site, and name the files that it does not have."""
    uri = page.file.src_uri
    folder = ROOT if uri in TOP else (DOCS / uri).parent

    def led(link: re.Match[str]) -> str:
        mark, words, path, anchor = link.groups()
        target = (folder / path).resolve()
        for top in (DOCS, ROOT):
            if target.is_relative_to(top):
                found = files.get_file_from_path(target.relative_to(top).as_posix())
                if found:
                    up = "../" * uri.count("/")
                    return f"{mark}[{words}]({up}{found.src_uri}{anchor})"
        return f"{words} (`{target.relative_to(ROOT)}`)" if target.exists() else link[0]

    return LINK.sub(led, markdown)
