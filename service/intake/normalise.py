"""From a field as it was sent to the text that readers read, every character of which knows where it came from.

Markup and what is not shown go, letters in disguise are read as plain ones, words stay. Offsets are Unicode code points of
the field as sent, so that a quote found in the readable text is always a verbatim slice of what the member wrote.
"""

from __future__ import annotations

import html
import re
from array import array
from dataclasses import dataclass
from typing import Literal

from service.intake.disguise import IGNORABLE, plain_letters
from service.intake.post import Format, NewPost

Field = Literal["title", "body"]

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_BLOCK = {
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
    "hr",
}
_SILENT = ("script", "style")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]{0,30})(?:\s[^<>]{0,2000})?/?>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_INVISIBLE = re.compile(f"[{IGNORABLE}]")
_FENCE = re.compile(r"^(?:```|~~~)[^\n]*\n.*?(?:^(?:```|~~~)[ \t]*$|\Z)", re.M | re.S)
_QUOTED_LINE = re.compile(r"^[ \t]{0,3}>[^\n]*$", re.M)


@dataclass(frozen=True)
class Span:
    """A stretch [start, end) of a field, in code points of the field as sent."""

    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """One field, readable: `text`, and for each of its characters the offset in the field as sent.

    `hidden` are stretches a person would not see (comments, invisible characters), `code` fenced code blocks and
    `quoted` lines quoted from others; all in code points of the field as sent.
    """

    field: Field
    source: str
    text: str
    offsets: array[int]
    hidden: tuple[Span, ...] = ()
    code: tuple[Span, ...] = ()
    quoted: tuple[Span, ...] = ()

    def span(self, start: int, end: int) -> Span:
        """The stretch of the field as sent that `text[start:end]` came from; `start < end`."""
        return Span(self.offsets[start], self.offsets[end - 1] + 1)


@dataclass(frozen=True)
class ReadablePost:
    """Both fields of a post, readable, and the language they are written in."""

    title: Reading
    body: Reading
    lang: str = "en"
    lang_sure: bool = True

    @property
    def text(self) -> str:
        """Title and body as one text, a blank line between."""
        return f"{self.title.text}\n\n{self.body.text}".strip()

    @property
    def fields(self) -> tuple[Reading, Reading]:
        """Title and body."""
        return self.title, self.body


def normalise(post: NewPost) -> ReadablePost:
    """Make a post readable. Linear in its length; never raises."""
    from service.intake.language import detect

    title = read_field("title", post.title, "text")
    body = read_field("body", post.body, post.format)
    found = detect(f"{title.text}\n{body.text}", hint=post.lang)
    return ReadablePost(title, body, found.lang, found.sure)


def read_field(field: Field, source: str, format: Format) -> Reading:
    """Make one field readable; `format` says which markup to take away."""
    hidden: list[Span] = []
    if format == "text":
        code: list[Span] = []
        gone = bytearray(len(source))
        replaced: dict[int, str] = {}
    else:
        code = [Span(m.start(), m.end()) for m in _FENCE.finditer(source)] if format == "markdown" else []
        gone, replaced = _strip_markup(source, code, hidden)
    for match in _INVISIBLE.finditer(source):
        gone[match.start()] = 1
        hidden.append(Span(match.start(), match.end()))
    disguised = plain_letters(source)
    for index, meant in disguised.instead.items():
        if not gone[index]:
            replaced.setdefault(index, meant)
    for index in disguised.dropped:
        gone[index] = 1
    kept: list[str] = []
    offsets: array[int] = array("L")
    for index, character in enumerate(source):
        if index in replaced:
            kept.append(replaced[index])
            offsets.extend([index] * len(replaced[index]))
        elif not gone[index]:
            kept.append(character)
            offsets.append(index)
    quoted = [Span(m.start(), m.end()) for m in _QUOTED_LINE.finditer(source)] if format == "markdown" else []
    return Reading(field, source, "".join(kept), offsets, tuple(hidden), tuple(code), tuple(quoted))


def _strip_markup(source: str, code: list[Span], hidden: list[Span]) -> tuple[bytearray, dict[int, str]]:
    gone = bytearray(len(source))
    replaced: dict[int, str] = {}
    in_code = bytearray(len(source))
    for span in code:
        in_code[span.start : span.end] = b"\x01" * (span.end - span.start)
    for match in _COMMENT.finditer(source):
        if not in_code[match.start()]:
            _remove(gone, match.start(), match.end())
            hidden.append(Span(match.start(), match.end()))
    silent_from: tuple[str, int] | None = None
    for match in _TAG.finditer(source):
        if gone[match.start()] or in_code[match.start()]:
            continue
        name, closing = match[1].lower(), match[0].startswith("</")
        if name in _SILENT and not closing and silent_from is None:
            silent_from = (name, match.end())
        elif silent_from is not None and closing and name == silent_from[0]:
            _remove(gone, silent_from[1], match.start())
            hidden.append(Span(silent_from[1], match.start()))
            silent_from = None
        _remove(gone, match.start(), match.end())
        if name in _BLOCK:
            replaced[match.start()] = "\n"
    if silent_from is not None:
        _remove(gone, silent_from[1], len(source))
        hidden.append(Span(silent_from[1], len(source)))
    for match in _ENTITY.finditer(source):
        if not gone[match.start()] and not in_code[match.start()]:
            meant = _INVISIBLE.sub("", html.unescape(match[0]))
            if meant != match[0] and "\x00" not in meant:
                _remove(gone, match.start(), match.end())
                replaced[match.start()] = meant
    return gone, dict(replaced.items())


def _remove(gone: bytearray, start: int, end: int) -> None:
    gone[start:end] = b"\x01" * (end - start)
