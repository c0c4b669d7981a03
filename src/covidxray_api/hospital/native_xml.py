"""Data sets as XML (PS3.19, annex A), from and to the JSON model (PS3.18, annex F)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pydicom.datadict import keyword_for_tag

from covidxray_api.errors import UnreadableImage

Model = Mapping[str, Any]
"""A data set in the JSON model: by tag, VR and values."""

_NAME = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_INTEGERS = {"IS", "SL", "SS", "SV", "UL", "US", "UV"}
_DECIMALS = {"DS", "FL", "FD"}


def to_xml(model: Model) -> bytes:
    """Return a data set as XML."""
    root = Element("NativeDicomModel")
    _fill(root, model)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def from_xml(data: bytes) -> dict[str, Any]:
    """Read a data set.

    Raises
    ------
    UnreadableImage
        If it is none.
    """
    parser = ElementTree.XMLParser(target=_WithoutDeclarations())  # noqa: S314  # nosec B314
    try:
        parser.feed(data)
        root = parser.close()
        if _local(root) != "NativeDicomModel":
            raise UnreadableImage("data_set")
        return _read(root)
    except (ElementTree.ParseError, ValueError, KeyError) as error:
        raise UnreadableImage("data_set") from error


class _WithoutDeclarations(ElementTree.TreeBuilder):
    """Refuses what could expand: a data set needs no document type."""

    def doctype(self, *_: object) -> None:
        raise ElementTree.ParseError("There is a document type.")


def _fill(parent: Element, model: Model) -> None:
    for tag, said in sorted(model.items()):
        names = {"tag": tag, "vr": said["vr"]}
        if keyword := keyword_for_tag(tag):
            names["keyword"] = keyword
        node = SubElement(parent, "DicomAttribute", names)
        if "BulkDataURI" in said:
            SubElement(node, "BulkData", uri=said["BulkDataURI"])
        elif "InlineBinary" in said:
            SubElement(node, "InlineBinary").text = said["InlineBinary"]
        for number, value in enumerate(said.get("Value", ()), start=1):
            _fill_value(node, said["vr"], str(number), value)


def _fill_value(node: Element, vr: str, number: str, value: Any) -> None:
    match vr:
        case "SQ":
            _fill(SubElement(node, "Item", number=number), value)
        case "PN":
            name = SubElement(node, "PersonName", number=number)
            for group in _GROUPS:
                if text := (value or {}).get(group):
                    parts = SubElement(name, group)
                    for part, said in zip(_NAME, text.split("^"), strict=False):
                        if said:
                            SubElement(parts, part).text = said
        case _:
            text = "" if value is None else str(value)
            SubElement(node, "Value", number=number).text = text


def _read(parent: Element) -> dict[str, Any]:
    return {
        node.attrib["tag"].upper(): _attribute(node)
        for node in parent
        if _local(node) == "DicomAttribute"
    }


def _attribute(node: Element) -> dict[str, Any]:
    vr, found = node.attrib["vr"], {"vr": node.attrib["vr"]}
    values: dict[int, Any] = {}
    for inside in node:
        match _local(inside):
            case "BulkData":
                return {**found, "BulkDataURI": inside.attrib["uri"]}
            case "InlineBinary":
                return {**found, "InlineBinary": inside.text or ""}
            case "Item":
                values[_number(inside)] = _read(inside)
            case "PersonName":
                values[_number(inside)] = {_local(group): _name(group) for group in inside}
            case "Value":
                values[_number(inside)] = _value(vr, inside.text)
    return {**found, "Value": [values[number] for number in sorted(values)]} if values else found


def _value(vr: str, text: str | None) -> str | int | float | None:
    if vr in _INTEGERS or vr in _DECIMALS:
        return None if not text else int(text) if vr in _INTEGERS else float(text)
    return text or ""


def _name(group: Iterable[Element]) -> str:
    parts = {_local(part): part.text or "" for part in group}
    return "^".join(parts.get(part, "") for part in _NAME).rstrip("^")


def _number(node: Element) -> int:
    return int(node.attrib["number"])


def _local(node: Element) -> str:
    return node.tag.rpartition("}")[2]
