"""Tests that the documentation names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TypeGuard


def names_of_tests(path: Path) -> set[str]:
    """Return the names of the tests in a file, after those of their classes."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if _is_test(inner)}
        elif _is_test(node):
            found.add(node.name)
    return found


def _is_test(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
