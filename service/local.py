"""What the command line does: through the running server where one holds the stores, else on the stores themselves."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from service.corpus.vectors import FolderLock
from service.database import Database
from service.errors import AlreadyOpen, AnswerloopError, InvalidInput
from service.models.files import check_bundled
from service.people import identity
from service.serving import note_path
from service.settings import Settings
from service.stations import Stations

if TYPE_CHECKING:
    import httpx

ANSWER_S = 2.0
"""How long a running server may take to say that it lives."""
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class RunningServer:
    """A server on this machine that holds the stores."""

    url: str
    key: str

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One API call. Raises AnswerloopError with the server's own words and the exit code of the error."""
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            response = httpx.request(
                method, self.url + path, headers=headers, timeout=600, trust_env=False, **arguments
            )
        except httpx.HTTPError as failure:
            raise AnswerloopError(f"the running server does not answer: {type(failure).__name__}") from failure
        if not response.is_success:
            raise _refusal(response)
        return response.json() if response.content else None

    def follow(self, path: str, asked: dict[str, Any], step: Callable[[int, int | None, str], None]) -> dict[str, Any]:
        """Ask for work that is followed as it goes on; its result. Raises AnswerloopError with the server's own words
        and the exit code of the error."""
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            with httpx.stream(
                "POST", self.url + path, headers=headers, timeout=600, trust_env=False, json=asked
            ) as response:
                if not response.is_success:
                    response.read()
                    raise _refusal(response)
                for line in response.iter_lines():
                    said = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                    if "error" in said:
                        raise _error(said["error"], said["exit_code"])
                    if "result" in said:
                        return dict(said["result"])
                    if "done" in said:
                        step(said["done"], said["total"], said["doing"])
        except httpx.HTTPError as failure:
            raise AnswerloopError(f"the running server does not answer: {type(failure).__name__}") from failure
        raise AnswerloopError("the running server stopped before it was done; the same command goes on")

    def answers(self) -> bool:
        """Whether a service answers there within a short time."""
        import httpx

        try:
            response = httpx.get(f"{self.url}/healthz", timeout=ANSWER_S, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return response.is_success


def _error(detail: str, exit_code: int) -> AnswerloopError:
    error = AnswerloopError(detail)
    error.exit_code = exit_code
    return error


def _refusal(response: httpx.Response) -> AnswerloopError:
    """What a server that refuses says, with the exit code that the same refusal has without a server."""
    try:
        problem = response.json()
        detail, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        return AnswerloopError(f"the running server answered {response.status_code}")
    return _error(detail, _exit_codes(AnswerloopError).get(code, AnswerloopError.exit_code))


def _exit_codes(kind: type[AnswerloopError]) -> dict[str, int]:
    """The exit code of each `code` at and below a place in the tree of errors."""
    codes = {kind.code: kind.exit_code}
    for below in kind.__subclasses__():
        codes = _exit_codes(below) | codes
    return codes


def running_server(settings: Settings) -> RunningServer | None:
    """The server that runs on this DATA_DIR, if one does: its process lives, and it answers or holds the vectors.

    The note of a server that was killed may name a process that lives: in a container all have the same few numbers.
    """
    try:
        note = json.loads(note_path(settings).read_text("utf-8"))
        os.kill(int(note["pid"]), 0)
        server = RunningServer(str(note["url"]), str(note["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return server if server.answers() or _vectors_are_held(settings) else None


def _vectors_are_held(settings: Settings) -> bool:
    if settings.chroma_url:
        return False
    try:
        FolderLock(settings.data_dir / "chroma", "").release()
    except AlreadyOpen:
        return True
    return False


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


@contextlib.contextmanager
def _stations_of_site(settings: Settings, site: str) -> Iterator[Stations]:
    """Every station, for a site that is known. Raises UnknownSite as the API does, and what `open_stations` raises."""
    with open_stations(settings) as stations:
        with stations.database.read() as session:
            identity.check_site(session, site)
        yield stations


def _server(settings: Settings, offline: bool) -> RunningServer | None:
    server = running_server(settings)
    if server is not None and offline and not settings.chroma_url:
        raise AlreadyOpen(f"the server at {server.url} holds the stores; stop it or leave out --offline")
    return None if offline else server


def importing(settings: Settings, file: Path, site: str, format: str, mapping: Path | None, *, offline: bool) -> int:
    """`answerloop import`. Returns the exit code: 0, or 1 where it failed or nothing could be read."""
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
            progress=progress.step, effects=partial(stations.after_sources, site),
        )  # fmt: skip
    return print_import(report)


def reindexing(settings: Settings, site: str, *, offline: bool) -> dict[str, Any]:
    """`answerloop reindex`: `{model, id}` of the generation that is live then."""
    from service import index_jobs
    from service.reporting import ImportProgress

    server = _server(settings, offline)
    if server is not None:
        asked = {"site": site, "model": settings.embed_model}
        with ImportProgress() as progress:
            return server.follow("/v1/index/reindex", asked, progress.step)
    with _stations_of_site(settings, site) as stations, ImportProgress() as progress:
        return index_jobs.reindex(stations, site, progress.step)


def checking_index(settings: Settings, site: str, *, repair: bool, every_text: bool, offline: bool) -> dict[str, Any]:
    """`answerloop check-index`: how many of each fault there are, and whether it is `ok` and `repaired`."""
    from service import index_jobs
    from service.reporting import ImportProgress

    server = _server(settings, offline)
    if server is not None:
        asked = {"site": site, "repair": repair, "every_text": every_text}
        with ImportProgress() as progress:
            return server.follow("/v1/index/check", asked, progress.step)
    with _stations_of_site(settings, site) as stations, ImportProgress() as progress:
        return index_jobs.check(stations, site, progress.step, repair=repair, every_text=every_text)


def assess_text(
    settings: Settings, text: str, site: str, kind: str | None, *, draft: bool, offline: bool
) -> dict[str, Any]:
    """`answerloop assess`: what the API's `/v1/try` answers; without a `kind` the title says it. Raises InvalidInput, naming
    the field."""
    from service.trying import AskedTry, try_post

    title, _, body = text.lstrip("\ufeff").partition("\n")
    asked = {"site": site, "title": title.strip()[:300], "body": body.strip(), "draft": draft}
    asked |= {"kind": kind} if kind is not None else {}
    if len(title.strip()) > 300:
        asked |= {"title": "", "body": text.strip()}
    checked = _checked(AskedTry, asked)
    server = _server(settings, offline)
    if server is not None:
        return dict(server.call("POST", "/v1/try", json=asked))
    with _stations_of_site(settings, site) as stations:
        return try_post(stations, checked)


def find_related(settings: Settings, text: str, site: str, k: int, *, offline: bool) -> list[dict[str, Any]]:
    """`answerloop related`. Raises InvalidInput, naming the field."""
    from service.intake.normalise import normalise
    from service.intake.post import NewPost
    from service.intake.windows import embed_post

    title, body = (text, "") if len(text) <= 300 else ("", text)
    post = _checked(NewPost, {"site": site, "external_id": "-", "title": title, "body": body})
    server = _server(settings, offline)
    if server is not None:
        asked = {"site": site, "title": title, "body": body, "k": k}
        return list(server.call("POST", "/v1/related", json=asked)["related"])
    with _stations_of_site(settings, site) as stations:
        readable = normalise(post)
        embedded = embed_post(readable, stations.embedder)
        found = stations.readers.finder.find_related(readable, embedded, site, k=k)
    return [r.model_dump(mode="json") for r in found.related]


def _checked(model: type[_Model], values: dict[str, Any]) -> _Model:
    """The values as the API would take them; the error names the field and repeats nothing that was written."""
    try:
        return model.model_validate(values)
    except ValidationError as refused:
        problem = refused.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(map(str, problem["loc"])) or "body"
        raise InvalidInput(f"{field}: {problem['msg'].removeprefix('Value error, ')}", field=field) from None


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


def switching(settings: Settings, feature: str | None, *, on: bool, reason: str) -> list[dict[str, Any]]:
    """`answerloop models switch`: the switch that was moved; without a feature, how every switch stands."""
    server = running_server(settings)
    if server is not None and feature is None:
        return list(server.call("GET", "/v1/switches")["data"])
    if server is not None:
        return [server.call("PUT", f"/v1/switches/{feature}", json={"on": on, "reason": reason})]
    from getpass import getuser

    from service.api.switches import shown
    from service.clock import system_clock
    from service.models.switches import Switches
    from service.switching import switch

    with open_database(settings) as database:
        known = Switches(settings, database)
        if feature is None:
            return [shown(state) for state in known.states()]
        by = f"command line:{getuser()}"
        return [shown(switch(database, known, feature, on=on, reason=reason, by=by, now=system_clock()))]
