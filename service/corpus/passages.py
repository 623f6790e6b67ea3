"""A thread cut into passages: the title, the question under its title, each answer. The only file that splits text.

Nothing is dropped: the passages of a text, put together, hold every character of it that is not white space.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from service.intake.normalise import read_field
from service.intake.post import Format
from service.models.embedder import Embedder

PASSAGE_TOKENS = 256
"""Most tokens of a passage, special tokens included; an embedder with a smaller window lowers it."""
CHARACTERS_A_TOKEN = 12
"""A passage is also bounded in characters, because a tokenizer may read an endless word as one unknown token."""
CHUNKER = "recursive-1"
SEPARATORS = ["\n\n", "\n", r"(?<=[.!?])\s+", r"(?<=[。！？])", r"(?<=[,;:])\s+", r"\s+", ""]

PassageField = Literal["title", "question", "answer"]


@dataclass(frozen=True)
class AnswerText:
    """One answer, readable."""

    id: str
    text: str


@dataclass(frozen=True)
class ThreadText:
    """What of a thread may be indexed, readable: answers of authors who opted out are not in it."""

    id: str
    site: str
    title: str
    question: str
    answers: tuple[AnswerText, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One passage before it is stored."""

    id: str
    answer_id: str | None
    ordinal: int
    field: PassageField
    text: str


def readable(source: str, format: Format) -> str:
    """A field without its markup, as readers read it."""
    return read_field("body", source, format).text.strip()


def chunker_of(embedder: Embedder) -> str:
    """Names how this embedder's threads are cut; another name means other passages."""
    return f"{CHUNKER}/{_limit(embedder)}/{embedder.name}"[:120]


def cut_thread(thread: ThreadText, embedder: Embedder) -> list[Piece]:
    """Every passage of a thread, in reading order; each fits the embedder's window."""
    chunker, limit = chunker_of(embedder), _limit(embedder)
    seen: dict[str, int] = {}
    pieces: list[Piece] = []
    for answer_id, field, whole in _texts(thread):
        for text in cut(whole, embedder.count_tokens, limit):
            place = "\x1f".join((chunker, thread.id, answer_id or "", field, text))
            again = seen[place] = seen.get(place, -1) + 1
            id_ = hashlib.sha256(f"{place}\x1f{again}".encode()).hexdigest()[:32]
            pieces.append(Piece(id_, answer_id, len(pieces), field, text))
    return pieces


def cut(text: str, count: Callable[[str], int], limit: int) -> list[str]:
    """`text` in pieces of at most `limit` tokens as `count` counts them, cut at paragraphs, sentences, words."""
    text = text.strip()
    if not text:
        return []
    sizes: dict[str, int] = {}

    def size(piece: str) -> int:
        known = sizes.get(piece)
        if known is None:
            known = max(count(piece) - 2, len(piece) // CHARACTERS_A_TOKEN, 1) if piece.strip() else 0
            sizes[piece] = known
        return known

    room = limit - 2
    if size(text) <= room:
        return [text]
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        separators=SEPARATORS, is_separator_regex=True, keep_separator="end", chunk_size=room, chunk_overlap=0,
        length_function=size,
    )  # fmt: skip
    pieces = [piece for piece in splitter.split_text(text) if piece.strip()]
    return [part for piece in pieces for part in _fitting(piece, size, room)]


def _fitting(piece: str, size: Callable[[str], int], room: int) -> Iterator[str]:
    """Sizes do not add up exactly with every tokenizer; what came out too long is halved."""
    if size(piece) <= room or len(piece) < 2:
        yield piece
        return
    middle = piece.rfind(" ", len(piece) // 4, len(piece) // 2) + 1 or len(piece) // 2
    for half in (piece[:middle], piece[middle:]):
        if half.strip():
            yield from _fitting(half.strip(), size, room)


def _texts(thread: ThreadText) -> Iterator[tuple[str | None, PassageField, str]]:
    yield None, "title", thread.title
    if thread.question:
        yield None, "question", f"{thread.title}\n\n{thread.question}"
    for answer in thread.answers:
        yield answer.id, "answer", answer.text


def _limit(embedder: Embedder) -> int:
    return min(PASSAGE_TOKENS, embedder.window)
