"""Related threads while someone types, and topic tags: nothing is stored."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf, allowed
from service.errors import InvalidInput
from service.intake.normalise import normalise
from service.intake.post import BODY_LIMIT, TITLE_LIMIT, Format, NewPost, SiteName, Tag, clean_text
from service.retrieval.evidence import sharing

router = APIRouter(tags=["related"])


class Asked(BaseModel):
    """A post being written."""

    model_config = ConfigDict(extra="forbid")

    site: SiteName
    title: Annotated[str, Field(max_length=TITLE_LIMIT), AfterValidator(clean_text)] = ""
    body: Annotated[str, Field(max_length=BODY_LIMIT), AfterValidator(clean_text)] = ""
    format: Format = "markdown"

    def as_post(self, tags: list[str] | None = None) -> NewPost:
        """As the readers take it. Raises InvalidInput where there is nothing to read."""
        if not self.title.strip() and not self.body.strip():
            raise InvalidInput("title and body are both empty", field="title")
        return NewPost.model_construct(
            site=self.site, external_id="", title=self.title, body=self.body, format=self.format, kind="question",
            tags=tags or [], lang=None,
        )  # fmt: skip


class AskedRelated(Asked):
    """What `/v1/related` takes; `k` is how many threads at most, `tags` are those the author has chosen so far."""

    k: Annotated[int, Field(ge=1, le=50)] = 10
    tags: Annotated[list[Tag], Field(max_length=20)] = []


class AskedTags(Asked):
    """What `/v1/tags/suggest` takes; `present` are tags the post has already."""

    max: Annotated[int, Field(ge=1, le=20)] = 5
    present: Annotated[list[Tag], Field(max_length=20)] = []


@router.post("/v1/related")
def related(asked: AskedRelated, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Threads related to what is being written, best first."""
    allowed(stations, caller, "related", asked.site)
    post = asked.as_post()
    _, evidence = stations.readers.finder.look_up(normalise(post), asked.site, asked.k)
    threads = sharing(evidence.related, asked.tags) if asked.tags else evidence.related
    return {"related": [r.model_dump(mode="json") for r in threads], "index_version": evidence.index_version}


@router.post("/v1/tags/suggest")
def suggest_tags(asked: AskedTags, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Tags of the site's vocabulary with their probability and the threads each rests on."""
    allowed(stations, caller, "tags", asked.site)
    post = asked.as_post(asked.present)
    readable = normalise(post)
    embedded, evidence = stations.readers.finder.look_up(readable, asked.site)
    tags = stations.readers.tagger.suggest(
        readable, embedded, evidence, asked.site, present=asked.present, maximum=asked.max
    )
    return {"tags": [t.model_dump(mode="json") for t in tags]}


@router.get("/v1/tags")
def vocabulary(stations: StationsOf, caller: CallerOf, site: SiteName | None = None) -> dict[str, Any]:
    """The vocabulary with definitions."""
    name = site or (caller.site if caller.site != "*" else stations.settings.sample_site)
    allowed(stations, caller, "tags", name)
    return {"tags": stations.vocabulary(name)}
