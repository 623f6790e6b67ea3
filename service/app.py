"""The composition root: settings in, wired stations and the FastAPI app out. Tests build the same app with doubles."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from service import every_minute, log_lines, shadowing, taggers, tuning
from service.api import problems
from service.api.openapi import REFUSALS, DescribedApp
from service.assess_post import Readers
from service.clock import Clock, new_id, system_clock
from service.corpus.indexing import Index
from service.corpus.vectors import VectorStore
from service.database import Database
from service.deep_lane import DeepLane
from service.drafting.write import Drafter
from service.errors import InvalidInput, TooLarge
from service.flagging.care import usual_country
from service.flagging.deep import DeepReader
from service.flagging.policy import load_policy
from service.flagging.reader import FlagReader
from service.flagging.thresholds import load_thresholds
from service.flagging.versions import LiveThresholds
from service.index_jobs import Mending
from service.integrations.limits import RateLimits
from service.integrations.webhooks import Webhooks
from service.jobs import Jobs
from service.models.calls import Backend, is_local
from service.models.elsewhere import EmbedderElsewhere
from service.models.embedder import BundledEmbedder, Embedder
from service.models.gateway import Gateway
from service.people.site_settings import answer_age_of
from service.people.tables import SiteRow
from service.promoting import Judge, Promotions
from service.prompting.labels import Labels
from service.retrieval.earlier_posts import EarlierPosts
from service.retrieval.find_related import Finder
from service.settings import LOCAL_EMBEDDER, Settings
from service.stations import Stations, Uploads
from service.tagging.check import TagChecker
from service.tagging.tagger import Tagger

log = logging.getLogger(__name__)
REQUEST_LIMIT = 1 << 20
NOT_COMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/json", "application/problem+json")
"""Pages and their files are compressed; answers of the API are small and wanted at once."""


@dataclass(frozen=True)
class Adapters:
    """What tests put in the place of the outside world; None: the real thing."""

    clock: Clock | None = None
    embedder: Embedder | None = None
    completions: Backend | None = None
    judge: Judge | None = None


def build(settings: Settings, adapters: Adapters = Adapters()) -> Stations:
    """Wire every station. Opens the database (and upgrades its schema) and the vector store; starts no jobs."""
    clock = adapters.clock or system_clock
    database = Database(settings.database)
    database.create_schema()
    embedder = adapters.embedder or BundledEmbedder(settings.models_dir)
    by_name = partial(embedder_named, settings=settings, database=database, clock=clock, bundled=embedder)
    of_index = by_name(settings.embed_model)
    vectors = VectorStore(settings)
    index = Index(database, vectors, of_index, clock, by_name)
    jobs = Jobs(database)
    jobs.prepare()
    labels = Labels(database, settings.prompts_dir, clock)
    policy = load_policy(settings.prompts_dir / "policy" / "tech-career" / f"{labels.live('policy/tech-career')}.yaml")
    taxonomy = settings.prompts_dir / "taxonomy" / "tech-career" / f"{labels.live('taxonomy/tech-career')}.yaml"
    country = usual_country(settings.care_country, settings.prompts_dir / "policy" / "crisis_lines.yaml")
    policy = policy.model_copy(update={"country": country})
    thresholds = load_thresholds().for_policy(policy)
    gateway = Gateway(settings, database, clock, adapters.completions)
    finder = Finder(database, index, embedder, settings, clock)
    tagger = Tagger(taxonomy, settings, database, embedder)
    flag_reader = FlagReader(policy, thresholds)
    live = LiveThresholds(database, thresholds)
    readers = Readers(
        settings,
        database,
        clock,
        embedder,
        finder,
        tagger,
        flag_reader,
        policy,
        thresholds,
        live,
        EarlierPosts(database, index),
    )
    webhooks = Webhooks(database, jobs, settings, clock)
    deep_reader = tag_checker = None
    if settings.flag_model and settings.flag_reader_enabled:
        deep_reader = DeepReader(gateway, labels, settings.prompts_dir, policy, thresholds, settings, live)
    if settings.tag_model and settings.tag_reader_enabled:
        tag_checker = TagChecker(gateway, labels, settings.prompts_dir, tagger.taxonomy_of, settings)
    answer_age = partial(answer_age_of, database, settings.answer_age_days)
    drafter = Drafter(gateway, labels, settings, embedder, settings.prompts_dir, answer_age)
    lane = DeepLane(
        readers, drafter, jobs, webhooks.announce, deep_reader, tag_checker, shadowing.enqueuer(settings, labels, jobs)
    )
    uploads = Uploads(settings.data_dir / "uploads")
    promotions = Promotions(settings, database, labels, jobs, clock, adapters.judge)
    return Stations(
        settings, database, clock, embedder, vectors, index, readers, gateway, labels, jobs, webhooks, lane,
        RateLimits(settings), uploads, promotions,
    )  # fmt: skip


def embedder_named(name: str, *, settings: Settings, database: Database, clock: Clock, bundled: Embedder) -> Embedder:
    """The embedder that an index is made with. Readers of flags and tags keep the bundled one, which they were fitted on."""
    if name in (LOCAL_EMBEDDER, bundled.name):
        return bundled
    if is_local(name) or not name.strip():
        raise InvalidInput(f"EMBED_MODEL={name}: on this machine there is only {LOCAL_EMBEDDER}", field="EMBED_MODEL")
    return EmbedderElsewhere(name, settings, database, clock)


def start(stations: Stations) -> None:
    """Begin running jobs and warm what the first request would otherwise wait for."""
    handlers: dict[str, Callable[..., Any]] = stations.deep_lane.handlers()
    handlers |= {"deliver_webhook": stations.webhooks.deliver, "run_import": stations.run_import}
    handlers |= {"run_gate": stations.promotions.run_gate, "shadow": partial(shadowing.run, stations)}
    handlers[tuning.GATE_JOB] = partial(tuning.run_gate, stations)
    handlers[taggers.GATE_JOB] = partial(taggers.run_gate, stations)
    handlers[every_minute.JOB] = partial(every_minute.remind_urgent, stations)
    handlers[every_minute.TIDY_JOB] = partial(every_minute.tidy_up, stations)
    stations.jobs.start(handlers)
    every_minute.begin(stations)
    stations.webhooks.ensure_configured(stations.settings.sample_site)
    threading.Thread(target=_warm, args=(stations,), name="warm", daemon=True).start()
    mending = Mending()
    stations.before_stop.append(mending.stop)
    mending.begin(stations)


def stop(stations: Stations) -> None:
    """Stop what works beside the requests, then jobs, models and stores, in that order."""
    for end in stations.before_stop:
        end()
    stations.jobs.stop()
    stations.gateway.close()
    stations.index.close()
    stations.embedder.close()
    stations.vectors.close()
    stations.database.close()


def create_app(settings: Settings, adapters: Adapters = Adapters(), *, run_jobs: bool = True) -> FastAPI:
    """The app. Stations are built at once, so that a start which cannot work fails before the port is open."""
    stations = build(settings, adapters)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if run_jobs:
            await run_in_threadpool(start, stations)
        try:
            yield
        finally:
            await run_in_threadpool(stop, stations)

    app = DescribedApp(
        title="answerloop",
        version="1",
        summary="Related threads, tags, flags and grounded drafts for a career Q&A community.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.stations = stations
    problems.install(app)
    app.middleware("http")(_around)
    app.add_middleware(GZipMiddleware, minimum_size=2_000, compresslevel=6, exclude_content_types=NOT_COMPRESSED)
    for router in routers():
        app.include_router(router, responses={} if "health" in router.tags else REFUSALS)
    from service.web import pages

    pages.install(app)
    return app


def routers() -> list[Any]:
    """Every router of the API."""
    from service.api import (
        audit,
        care,
        cases,
        concerns,
        desk,
        drafts,
        health,
        index,
        local,
        moderations,
        outcomes,
        people,
        posts,
        prompts,
        quality,
        related,
        review,
        sites,
        switches,
        taggers,
        threads,
        thresholds,
        webhooks,
    )

    modules = (
        posts, concerns, related, moderations, drafts, desk, review, audit, people, threads, webhooks, prompts, outcomes, quality, cases,
        thresholds, taggers, local, index, health, sites, care, switches,
    )  # fmt: skip
    return [module.router for module in modules]


async def _around(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """A request id on every answer and log line, and a bound on what is read into memory."""
    request_id = request.headers.get("x-request-id", "")
    if not (0 < len(request_id) <= 100 and request_id.isascii() and request_id.isprintable()):
        request_id = new_id()
    request.state.request_id = request_id
    log_lines.of_request(request_id)
    begin = time.perf_counter()
    if request.url.path == "/v1/imports" or await _fits(request):
        response = await call_next(request)
        response.headers["Server-Timing"] = f"app;dur={1000 * (time.perf_counter() - begin):.1f}"
    else:
        response = problems.from_error(TooLarge("a request is at most 1 MiB", field="body"))
    response.headers["X-Request-Id"] = request_id
    _log_answer(request, response, begin)
    return response


async def _fits(request: Request) -> bool:
    """Whether the body is small enough; one that does not say its length is read up to the limit and kept."""
    if "transfer-encoding" not in request.headers:
        length = request.headers.get("content-length", "0")
        return length.isascii() and length.isdecimal() and len(length) <= 12 and int(length) <= REQUEST_LIMIT
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_LIMIT:
                return False
    except ClientDisconnect:
        return False
    request._body = bytes(body)  # where `Request.body` keeps it for whoever reads it next
    return True


def _log_answer(request: Request, response: Response, begin: float) -> None:
    """One line of a request: its route, never its address, which may hold a secret or a member's words."""
    if log.isEnabledFor(logging.DEBUG):
        route = getattr(request.scope.get("route"), "path", "(no route)")
        ms = 1000 * (time.perf_counter() - begin)
        log.debug("%s %s %d %.1f ms", request.method, route, response.status_code, ms)


def _warm(stations: Stations) -> None:
    try:
        vector = stations.embedder.embed(["warm"])
        with stations.database.read() as session:
            sites = list(session.scalars(sa.select(SiteRow.name).limit(20)))
        for site in sites:
            if stations.index.live(site) is not None:
                stations.vectors.query(stations.index.collection(site, "passages"), vector, 1)
        for site in stations.index.sites_waiting():
            stations.index.sync(site)
    except Exception as failure:
        log.warning("warming up failed: %s", type(failure).__name__)
