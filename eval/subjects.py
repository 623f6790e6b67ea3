"""The production code that suites run: one service, wired by the composition root, with the sample community loaded.

Nothing here decides anything: it builds, calls and remembers.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.cases import LabelledPost
from eval.loading import shipped
from eval.recordings import RecordingBackend
from eval.remembering import RememberingEmbedder
from service.intake import repository as posts
from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder
from service.settings import Settings

if TYPE_CHECKING:
    from service.assess_post import ReadPost
    from service.models.calls import Backend
    from service.stations import Stations

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The moment at which every case is run, so that a run today and a run next year are the same."""
SITE = "sample"
REPOSITORY = Path(__file__).parent.parent


class World:
    """What subjects share. Everything is made when it is first asked for and closed at the end."""

    def __init__(
        self, *, completions: Backend | None = None, settings: dict[str, Any] | None = None, cache: Path | None = None,
        threads: int = 2,
    ) -> None:  # fmt: skip
        """`cache` is a folder for embeddings, `threads` are those that the embedder computes with."""
        self._folder = tempfile.TemporaryDirectory(prefix="answerloop-eval-", ignore_cleanup_errors=True)
        self._completions = completions
        self._settings = settings or {}
        self._cache = cache
        self._threads = threads
        self._lock = threading.RLock()
        self._stations: Stations | None = None
        self._bare: Stations | None = None
        self._embedder: RememberingEmbedder | None = None
        self._read: dict[str, ReadPost] = {}
        self._closing: list[Callable[[], None]] = []
        self._known: set[str] = set()
        self.judge_model = ""
        self.repeats = 1

    def completions_are(self, rests_on: Mapping[str, str]) -> bool:
        """Whether these requests (digest → digest of the completion) would get the same completions from disk today."""
        return not isinstance(self._completions, RecordingBackend) or self._completions.holds(rests_on)

    def settings(self, folder: Path | None = None, **changed: Any) -> Settings:
        """Settings of a service in a scratch folder, with the shipped prompts and this machine's model files."""
        data_dir = folder or Path(self._folder.name) / "data"
        data_dir.mkdir(parents=True, exist_ok=True)
        models = data_dir / "models"
        if not models.exists():
            models.symlink_to(models_dir(), target_is_directory=True)
        given = {"data_dir": data_dir, "prompts_dir": REPOSITORY / "prompts", "model_deadline_s": 600.0}
        return Settings(_env_file=None, **{**given, **self._settings, **changed})

    @property
    def embedder(self) -> RememberingEmbedder:
        """The bundled embedder; texts it has seen are not embedded again."""
        with self._lock:
            if self._embedder is None:
                self._embedder = RememberingEmbedder(BundledEmbedder(models_dir(), self._threads), self._cache)
                self._closing.append(self._embedder.close)
            return self._embedder

    @property
    def stations(self) -> Stations:
        """The wired service over the sample community."""
        with self._lock:
            if self._stations is None:
                self._stations = self.build(self.settings())
                load_sample(self._stations)
            return self._stations

    @property
    def deep(self) -> Stations:
        """The wired service for work on frozen evidence: the one over the sample community where it is there already."""
        with self._lock:
            if self._stations is not None:
                return self._stations
            if self._bare is None:
                self._bare = self.build(self.settings(self.scratch("bare")))
            return self._bare

    def build(self, settings: Settings, completions: Backend | None = None) -> Stations:
        """A service of its own, closed with the world."""
        from service.app import Adapters, build

        stations = build(settings, Adapters(lambda: NOW, self.embedder, completions or self._completions))
        self._closing.append(stations.vectors.close)
        self._closing.append(stations.gateway.close)
        return stations

    def read(self, post: NewPost) -> ReadPost:
        """`read_post` of the service over the sample community; the same post is read once."""
        from service.assess_post import read_post

        key = f"{post.external_id} {post.content_digest}"
        if key not in self._read:
            self._read[key] = read_post(self.stations.readers, post)
        return self._read[key]

    def read_flags(self, post: NewPost) -> ReadPost:
        """`read_flags` of the service: what `/v1/moderations` reads."""
        from service.assess_post import read_flags

        return read_flags(self.stations.readers, post)

    def remember_earlier(self, rows: Sequence[LabelledPost]) -> None:
        """Let the service know the posts that some of `rows` repeat, as if they had been sent before."""
        wanted = {row.after for row in rows if row.after} - self._known
        if not wanted:
            return
        self._known |= wanted
        earlier_posts = self.stations.readers.earlier_posts
        assert earlier_posts is not None
        for row in shipped("posts/voices_*").rows:
            if row.id in wanted:
                sent = as_new_post(row)
                readable = normalise(sent)
                with self.stations.database.write() as session:
                    post = posts.keep(session, sent, readable.lang, NOW).post
                earlier_posts.remember(post, embed_post(readable, self.embedder))

    def scratch(self, name: str) -> Path:
        """An empty folder that lasts as long as the world."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder.name))

    def close(self) -> None:
        """Close what was opened, newest first."""
        while self._closing:
            self._closing.pop()()
        self._folder.cleanup()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def models_dir() -> Path:
    """The bundled models' folder: that of DATA_DIR where it is set, else of the repository."""
    return (Path(os.environ["DATA_DIR"]) if os.environ.get("DATA_DIR") else REPOSITORY / "data").resolve() / "models"


def load_sample(stations: Stations) -> None:
    """Load the sample community as `make run` does."""
    from service.corpus.sample_community import load_sample as load

    load(stations.database, stations.index, stations.clock, SITE)


def as_new_post(row: LabelledPost) -> NewPost:
    """A labelled post as a site would send it."""
    author = Author(id=row.voice, role=row.author.role, level=row.author.level, company=row.author.company)
    return NewPost(site=SITE, external_id=row.id, title=row.title, body=row.body, kind=row.kind, author=author)


def plain(value: Any) -> Any:
    """A pydantic value as JSON."""
    return json.loads(value.model_dump_json()) if hasattr(value, "model_dump_json") else value
