"""What leaves the machine when a model elsewhere reads a post: the outgoing messages, captured, searched for private data."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from eval.loading import shipped
from eval.metric import Case, Output
from eval.planted_data import KINDS, planted_posts
from eval.scorers import leaked_private_data
from eval.subjects import SITE, World
from eval.suite import Loaded, Section, Subject, Suite
from eval.suites.privacy_external import SECTIONS as EXTERNAL
from service.flagging.flag import Route
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.models.calls import BackendRequest, Reply


class Capturing:
    """A backend that keeps what it is sent and finds nothing."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}

    async def ask(self, request: BackendRequest) -> Reply:
        """No flags."""
        text = "\n".join(message.content for message in request.messages)
        found = re.search(r"case-\w+-\d+", text)
        self.sent[found[0] if found else ""] = text
        return Reply('{"flags": [], "summary": "A post."}', input_tokens=1, output_tokens=1)

    async def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        """The same, streamed."""
        yield await self.ask(request)

    async def close(self) -> None:
        """Nothing to free."""


def load() -> Loaded:
    """Clean posts with private data planted in them, the same on every run."""
    data = shipped("posts/voices_*")
    clean = [row for row in data.rows if row.family == "clean" and row.lang == "en" and len(row.body.split()) > 20]
    cases = [
        Case(post.id, post, post.host, {"kind": post.items[0][0]})
        for post in planted_posts([(r.id, r.body) for r in clean])
    ]
    return Loaded(cases, data.version)


def send_out(world: World, _cases: Sequence[Case]) -> Subject:
    """The deep reader of flags, with a model elsewhere."""
    backend = Capturing()
    settings = world.settings(world.scratch("privacy"), flag_model="openai/elsewhere")
    reader = world.build(settings, backend).deep_lane.deep_reader
    assert reader is not None

    def subject(case: Case) -> Output:
        row = case.row
        post = NewPost(site=SITE, external_id=row.id, title=f"case-{row.id}", body=row.body)
        readable = normalise(post)
        reader.read(post, readable, [], Route(to="publish"), person_has_seen=False)
        out = backend.sent[f"case-{row.id}"]
        return {"leaks": [[kind, _stands_in(value, out)] for kind, value in row.items], "restored": _restored(row.body)}

    return subject


def _stands_in(value: str, text: str) -> bool:
    """Whether a value, or all its digits in a row, or every part of a name, got out."""
    digits = re.sub(r"\D", "", value)
    if len(digits) >= 7 and digits in re.sub(r"\D", "", text):
        return True
    return value.lower() in text.lower()


def _restored(body: str) -> bool:
    from service.models.masking import mask

    masked = mask([body])
    return bool(masked.restore(masked.texts) == [body])


SUITE = Suite(
    "privacy",
    1,
    "private data that would leave the machine",
    (
        Section(
            "outgoing", "generated posts, outgoing messages captured", load, send_out,
            (
                *(leaked_private_data.leaked(kind) for kind in KINDS if "name" not in kind),
                leaked_private_data.leaked("name", margin=0.05, target=None),
                leaked_private_data.leaked("first_name", margin=0.05, target=None), leaked_private_data.restored(),
            ),
        ),
        *EXTERNAL,
    ),
)  # fmt: skip
