"""`answerloop serve`: one uvicorn process, a note for the command line that a server runs, and the newcomer's welcome."""

from __future__ import annotations

import contextlib
import gc
import json
import multiprocessing
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from service import log_lines
from service.app import Adapters, create_app
from service.clock import system_clock
from service.corpus.sample_community import to_load
from service.database import Database
from service.errors import AnswerloopError, InvalidInput
from service.memory import keep_little
from service.models.files import check_bundled
from service.people import identity
from service.people.tables import ApiKeyRow
from service.settings import Settings
from service.stations import Stations

WELCOME_PEOPLE = (
    ("admin", "admin@example.org"),
    ("moderator", "moderator@example.org"),
    ("mentor", "mentor@example.org"),
)


def run(settings: Settings, *, workers: int = 1, welcome: bool = False) -> None:
    """Serve until stopped. Raises InvalidInput for several workers on embedded stores, AlreadyOpen on a held
    store, ModelFilesUnusable for missing or altered model files."""
    if workers != 1 and not (settings.chroma_url and settings.database_url):
        raise InvalidInput(
            "embedded stores allow one worker; set CHROMA_URL and DATABASE_URL for more", field="workers"
        )
    if workers != 1:
        raise InvalidInput("start one process a worker, each on its own PORT, behind a balancer", field="workers")
    import uvicorn

    keep_little()
    log_lines.begin(settings.log_level)
    check_bundled(settings.models_dir, settings.models)
    _check_port(settings)
    if welcome:
        load_sample_apart(settings)
    app = create_app(settings, Adapters())
    stations: Stations = app.state.stations
    if welcome:
        greet(stations)
    with running_note(stations, settings):
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
        print(f"answerloop listens on {settings.address}", flush=True)
        keep_for_good()
        uvicorn.Server(config).run()


def keep_for_good() -> None:
    """What is loaded by now stays as long as the process: the garbage collector need not walk through it again and again,
    which took 3 ms of every lookup."""
    gc.collect()
    gc.freeze()


def greet(stations: Stations) -> None:
    """Print sign-in links for the sample site and one curl."""
    settings = stations.settings
    now = stations.clock()
    print("\nSign in (each link works once):")
    with stations.database.write() as session:
        for role, email in WELCOME_PEOPLE:
            person = identity.add_person(session, email, role, settings.sample_site, now, name=role.capitalize())
            print(f"  {role:<10} {settings.address}/sign-in/{identity.create_link(session, person.id, now)}")
        key = identity.create_key(session, "site", settings.sample_site, now)
    body = {"site": settings.sample_site, "external_id": "try-1", "title": "Promotion was declined a second time"}
    body["body"] = "My manager says I need more visibility. How do I get it without playing politics?"
    print("\nTry it:")
    print(f"  curl -s {settings.address}/v1/posts -H 'Authorization: Bearer {key}' \\")
    print(f"    -H 'Content-Type: application/json' -d '{json.dumps(body)}'\n", flush=True)


def load_sample_apart(settings: Settings) -> None:
    """Load the sample community where the store is empty, or the rest of it where a load was cut short, in a process of
    its own: what loading took of memory is given back before the first request. Raises AnswerloopError where it fails."""
    database = Database(settings.database)
    try:
        database.create_schema()
        with database.read() as session:
            if not to_load(session, settings.sample_site):
                return
    finally:
        database.close()
    loading = multiprocessing.get_context("spawn").Process(target=_load_sample, args=(settings,), name="sample")
    loading.start()
    loading.join()
    code = loading.exitcode
    loading.close()
    if code:
        raise AnswerloopError(f"the sample community was not loaded (exit code {code})")


def _load_sample(settings: Settings) -> None:
    from service.corpus.sample_community import load_sample
    from service.local import open_stations

    with open_stations(settings) as stations:
        load_sample(stations.database, stations.index, stations.clock, settings.sample_site)


@contextlib.contextmanager
def running_note(stations: Stations, settings: Settings) -> Iterator[None]:
    """While the server runs, a file readable by its owner alone tells commands its address and a local admin key."""
    path = note_path(settings)
    with stations.database.write() as session:
        secret = identity.create_key(session, "admin", "*", system_clock())
        made = session.query(ApiKeyRow).where(ApiKeyRow.digest == identity.digest(secret)).one()
        key_id = made.id
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"pid": os.getpid(), "url": f"http://{host}:{settings.port}", "key": secret}, stream)
    scratch.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        with contextlib.suppress(Exception):
            database = Database(settings.database)
            with database.write() as session:
                identity.revoke_key(session, key_id, system_clock())
            database.close()


def note_path(settings: Settings) -> Path:
    """Where the note lies."""
    return settings.data_dir / "server.json"


def _check_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as failure:
            raise AnswerloopError(
                f"{settings.host}:{settings.port} cannot be listened on: {failure.strerror}"
            ) from failure
