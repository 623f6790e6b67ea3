"""Who may do what: one table, read by the API, the pages and the test that tries every route with every role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from service.errors import NotAllowed

Role = Literal["site", "mentor", "moderator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Permission = Literal[
    "posts.write", "posts.read", "posts.erase", "posts.tags", "posts.report", "related", "tags", "moderations",
    "threads.write", "authors.write", "drafts.read", "drafts.ask", "drafts.edit", "review", "webhooks", "outcomes",
    "quality", "prompts.read", "prompts.move", "people", "settings", "audit", "try", "pages",
]  # fmt: skip

_SITE: frozenset[Permission] = frozenset(
    {
        "posts.write",
        "posts.read",
        "posts.erase",
        "posts.tags",
        "posts.report",
        "related",
        "tags",
        "moderations",
        "threads.write",
        "authors.write",
        "drafts.read",
        "drafts.ask",
        "webhooks",
    }
)
_MENTOR: frozenset[Permission] = frozenset(
    {"posts.read", "posts.tags", "drafts.read", "drafts.ask", "drafts.edit", "try", "pages"}
)
_MODERATOR: frozenset[Permission] = frozenset(
    {"posts.read", "posts.tags", "posts.report", "review", "quality", "outcomes", "try", "pages"}
)
ALLOWED: dict[Role, frozenset[Permission]] = {
    "site": _SITE,
    "mentor": _MENTOR,
    "moderator": _MODERATOR,
    "admin": frozenset(get_args(Permission)),
}


@dataclass(frozen=True)
class Caller:
    """Who is calling: an API key or a signed-in person, with a role on one site (`*`: on every site)."""

    kind: Literal["key", "person"]
    id: str
    role: Role
    site: str
    name: str = ""

    @property
    def key_id(self) -> str | None:
        """The API key that is calling, None for a person."""
        return self.id if self.kind == "key" else None

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it at all."""
        return permission in ALLOWED[self.role]

    def may_on(self, site: str) -> bool:
        """Whether the caller belongs to that site; admins belong to all."""
        return self.role == "admin" or self.site in ("*", site)


def require(caller: Caller, permission: Permission, site: str | None = None) -> None:
    """Raise NotAllowed unless the caller has the permission, and belongs to `site` where one is named."""
    if not caller.may(permission):
        raise NotAllowed(f"the role {caller.role} may not do that", permission=permission)
    if site is not None and not caller.may_on(site):
        raise NotAllowed("this key or person belongs to another site", field="site")
