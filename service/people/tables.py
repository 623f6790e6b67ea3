"""Sites, people, API keys, sign-in links and browser sessions. Secrets are stored as digests only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.database import Table


class SiteRow(Table):
    """A site exists once a key or an import names it."""

    __tablename__ = "sites"

    name: Mapped[str] = mapped_column(sa.String(63), primary_key=True)
    created_at: Mapped[datetime]
    settings: Mapped[dict[str, Any]]


class PersonRow(Table):
    """A moderator, mentor or admin who signs in with a browser."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(20))
    site: Mapped[str] = mapped_column(sa.String(63))
    topics: Mapped[list[str]]
    preferences: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ApiKeyRow(Table):
    """An API key: `prefix` names it in lists, `digest` recognises it."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    prefix: Mapped[str] = mapped_column(sa.String(20))
    role: Mapped[str] = mapped_column(sa.String(20))
    site: Mapped[str] = mapped_column(sa.String(63))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInLinkRow(Table):
    """A one-time sign-in link."""

    __tablename__ = "sign_in_links"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SessionRow(Table):
    """A browser session."""

    __tablename__ = "browser_sessions"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
