"""What the command line does: through the running server where one holds the stores, else on the stores themselves."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.database import Database
from service.errors import AlreadyOpen, AnswerloopError, InvalidInput
from service.models.files import check_bundled
from service.serving import note_path
from service.settings import Settings
from service.stations import Stations


@dataclass(frozen=True)
class RunningServer:
    """A server on this machine that holds the stores."""

    url: str
    key: str

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One API call. Raises AnswerloopError with the server's own words."""
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            response = httpx.request(
                method, self.url + path, headers=headers, timeout=600, trust_env=False, **arguments
            )
        except httpx.HTTPError as failure:
            raise AnswerloopError(f"the running server does not answer: {type(failure).__name__}") from failure
        if not response.is_success:
            raise AnswerloopError(str(response.json().get("detail", response.status_code)))
        return response.json() if response.content else None


def running_server(settings: Settings) -> RunningServer | None:
    """The server that runs on this DATA_DIR, if one does."""
    try:
        note = json.loads(note_path(settings).read_text("utf-8"))
        os.kill(int(note["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return RunningServer(str(note["url"]), str(note["key"]))


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database alone, upgraded; several processes may hold it."""
    database = Database(settings.database)
    try:
        database.create_schema()
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def open_stations(settings: Settings) -> Iterator[Stations]:
    """Every station, in this process. Raises AlreadyOpen (exit code 4) where another process holds the vectors,
    ModelFilesUnusable (exit code 3) for model files that are missing or altered."""
    from service.app import build, stop

    check_bundled(settings.models_dir, settings.models)
    stations = build(settings)
    try:
        yield stations
    finally:
        stop(stations)


def _server(settings: Settings, offline: bool) -> RunningServer | None:
    server = running_server(settings)
    if server is not None and offline and not settings.chroma_url:
        raise AlreadyOpen(f"the server at {server.url} holds the stores; stop it or leave out --offline")
    return None if offline else server


def importing(settings: Settings, file: Path, site: str, format: str, mapping: Path | None, *, offline: bool) -> int:
    """`answerloop import`. Returns the exit code: 0, or 1 where nothing could be read."""
    from service.corpus import importing as importer
    from service.reporting import ImportProgress, print_import

    if not file.exists():
        raise InvalidInput(f"there is no file {file}", field="file")
    server = _server(settings, offline)
    if server is not None:
        question = {"site": site, "format": format, "path": str(file.resolve())}
        if mapping is not None:
            question["mapping"] = str(mapping.resolve())
        with ImportProgress() as progress:
            state = server.call("POST", "/v1/imports/local", json=question)
            while state["state"] not in ("done", "failed"):
                progress.show(state)
                state = server.call("GET", f"/v1/imports/{state['id']}")
                _pause()
        return print_import(state["report"])
    with open_stations(settings) as stations, ImportProgress() as progress:
        report = importer.import_file(
            stations.database, stations.index, stations.clock, file, site=site, format=format, mapping=mapping,
            progress=progress.step,
        )  # fmt: skip
    return print_import(report)


def assess_text(settings: Settings, text: str, site: str, kind: str, *, draft: bool, offline: bool) -> dict[str, Any]:
    """`answerloop assess`: what the API's `/v1/try` answers."""
    title, _, body = text.lstrip("\ufeff").partition("\n")
    asked = {"site": site, "title": title.strip()[:300], "body": body.strip(), "kind": kind, "draft": draft}
    if len(title.strip()) > 300:
        asked |= {"title": "", "body": text.strip()}
    server = _server(settings, offline)
    if server is not None:
        return dict(server.call("POST", "/v1/try", json=asked))
    from service.trying import AskedTry, try_post

    with open_stations(settings) as stations:
        return try_post(stations, AskedTry.model_validate(asked))


def find_related(settings: Settings, text: str, site: str, k: int, *, offline: bool) -> list[dict[str, Any]]:
    """`answerloop related`."""
    server = _server(settings, offline)
    title, body = (text, "") if len(text) <= 300 else ("", text)
    if server is not None:
        asked = {"site": site, "title": title, "body": body, "k": k}
        return list(server.call("POST", "/v1/related", json=asked)["related"])
    from service.intake.normalise import normalise
    from service.intake.post import NewPost
    from service.intake.windows import embed_post

    with open_stations(settings) as stations:
        readable = normalise(NewPost(site=site, external_id="-", title=title, body=body))
        embedded = embed_post(readable, stations.embedder)
        found = stations.readers.finder.find_related(readable, embedded, site, k=k)
    return [r.model_dump(mode="json") for r in found.related]


def _pause() -> None:
    import time

    time.sleep(0.2)


def replaying(settings: Settings, assessment: str, *, ask: bool, offline: bool) -> dict[str, Any]:
    """`answerloop replay`: what `POST /v1/prompts/replay` answers."""
    server = _server(settings, offline)
    if server is not None:
        return dict(server.call("POST", "/v1/prompts/replay", json={"assessment": assessment, "ask": ask}))
    from dataclasses import asdict

    from service.replaying import find_assessment, replay

    with open_stations(settings) as stations:
        found = find_assessment(stations, assessment)
        return {"assessment_id": found, "calls": [asdict(call) for call in replay(stations, found, ask=ask)]}
