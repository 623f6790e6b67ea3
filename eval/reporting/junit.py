"""Checks as JUnit XML, which every CI can show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from eval.gate import Check
from eval.results import SuiteResult


def write(path: Path, found: Sequence[SuiteResult], checks: Sequence[Check]) -> Path:
    """One test suite for each suite, one test case for each check."""
    root = Xml.Element("testsuites", name="eval")
    for result in found:
        mine = [c for c in checks if c.suite == result.suite]
        node = Xml.SubElement(
            root, "testsuite", name=result.suite, tests=str(len(mine)), failures=str(sum(c.red for c in mine)),
            skipped=str(sum(c.verdict == "skipped" for c in mine)), time=str(result.seconds), timestamp=result.started,
        )  # fmt: skip
        for c in mine:
            case = Xml.SubElement(node, "testcase", classname=f"{c.suite}.{c.section}", name=_plain(c.name))
            if c.red:
                Xml.SubElement(case, "failure", message=_plain(c.message), type=c.verdict)
            elif c.verdict == "skipped":
                Xml.SubElement(case, "skipped", message=_plain(c.message))
    path.parent.mkdir(parents=True, exist_ok=True)
    Xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
