"""Keys, sign-in links and sessions: made here, shown once, stored as SHA-256 digests, recognised here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.errors import InvalidInput, NotSignedIn, UnknownSite
from service.people.permissions import ROLES, Caller, Role
from service.people.tables import ApiKeyRow, PersonRow, SessionRow, SignInLinkRow, SiteRow

LINK_HOURS = 24
SESSION_DAYS = 14


def digest(secret: str) -> str:
    """SHA-256 of a secret with 256 bits of randomness, which needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def ensure_site(session: Session, name: str, now: datetime) -> None:
    """A site exists from the moment a key or an import names it."""
    if session.get(SiteRow, name) is None:
        session.add(SiteRow(name=name, created_at=now, settings={}))
        session.flush()


def check_site(session: Session, name: str) -> None:
    """Raise UnknownSite where nothing has named the site."""
    if session.get(SiteRow, name) is None:
        raise UnknownSite(f"no key and no import has named the site {name!r}", field="site")


def create_key(session: Session, role: str, site: str, now: datetime) -> str:
    """A new API key, shown this once. Raises InvalidInput for an unknown role."""
    _check_role(role)
    ensure_site(session, site, now)
    secret = f"al_{role}_{secrets.token_urlsafe(32)}"
    row = ApiKeyRow(
        id=new_id(),
        digest=digest(secret),
        prefix=secret[: len(role) + 8],
        role=role,
        site=site,
        created_at=now,
        revoked_at=None,
    )
    session.add(row)
    return secret


def revoke_key(session: Session, key_id: str, now: datetime) -> None:
    """End a key, and the browser sessions that were opened with it."""
    session.execute(sa.update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(revoked_at=now))
    opened = sa.select(PersonRow).where(PersonRow.email == f"key-{key_id}@keys.invalid")
    for person in session.scalars(opened):
        person.disabled_at = now
        sign_out_everywhere(session, person.id)


def add_person(
    session: Session, email: str, role: str, site: str, now: datetime, name: str = "", topics: list[str] | None = None
) -> PersonRow:
    """Add a person, or change role, site and topics of a known one. Raises InvalidInput."""
    _check_role(role)
    if role == "site":
        raise InvalidInput("people are mentors, moderators or admins; a site calls with a key", field="role")
    if "@" not in email or len(email) > 320:
        raise InvalidInput("that is no e-mail address", field="email")
    ensure_site(session, site, now)
    row = session.scalar(sa.select(PersonRow).where(PersonRow.email == email.lower()))
    if row is None:
        row = PersonRow(
            id=new_id(), email=email.lower(), name=name or email.split("@")[0], role=role, site=site, topics=topics or [],
            preferences={}, created_at=now, disabled_at=None,
        )  # fmt: skip
        session.add(row)
    else:
        row.role, row.site, row.disabled_at = role, site, None
        row.name = name or row.name
        row.topics = topics if topics is not None else row.topics
    session.flush()
    return row


def create_link(session: Session, person_id: str, now: datetime) -> str:
    """The secret of a one-time sign-in link, valid for a day."""
    secret = secrets.token_urlsafe(32)
    expires = now + timedelta(hours=LINK_HOURS)
    session.add(SignInLinkRow(digest=digest(secret), person_id=person_id, expires_at=expires, used_at=None))
    return secret


@dataclass(frozen=True)
class OpenedSession:
    """A browser session just opened: the cookie's secret and who signed in."""

    secret: str
    caller: Caller


def use_link(session: Session, secret: str, now: datetime) -> OpenedSession:
    """Spend a sign-in link and open a session. Raises NotSignedIn where it is unknown, spent or expired."""
    spent = (
        sa.update(SignInLinkRow)
        .where(SignInLinkRow.digest == digest(secret), SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at > now)
        .values(used_at=now)
        .returning(SignInLinkRow.person_id)
    )
    person_id = session.scalar(spent)
    person = session.get(PersonRow, person_id) if person_id else None
    if person is None or person.disabled_at is not None:
        raise NotSignedIn("this sign-in link is unknown, used or expired")
    return _open(session, person, now)


def authenticate_key(session: Session, secret: str) -> Caller:
    """Who holds this API key. Raises NotSignedIn."""
    row = session.scalar(sa.select(ApiKeyRow).where(ApiKeyRow.digest == digest(secret)))
    if row is None or row.revoked_at is not None:
        raise NotSignedIn("this API key is unknown or revoked")
    return Caller("key", row.id, cast(Role, row.role), row.site, row.prefix)


@dataclass(frozen=True)
class SignedIn:
    """A browser session that holds: who it is, and the token its forms must carry, which looks different in every answer."""

    caller: Caller
    secret: str

    @property
    def csrf(self) -> str:
        """The token under a random mask: what is compressed beside it cannot tell it (BREACH, Gluck et al. 2013)."""
        plain = self.secret.encode()
        mask = secrets.token_bytes(len(plain))
        return base64.urlsafe_b64encode(mask + _xor(plain, mask)).decode().rstrip("=")

    def accepts(self, token: str | None) -> bool:
        """Whether this is the session's token, under any mask."""
        try:
            sent = base64.urlsafe_b64decode(f"{token or ''}==")
        except ValueError:
            return False
        half = len(sent) // 2
        return hmac.compare_digest(_xor(sent[:half], sent[half:]), self.secret.encode())


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))


def authenticate_session(session: Session, secret: str, now: datetime) -> SignedIn:
    """Who this browser session belongs to. Raises NotSignedIn."""
    row = session.get(SessionRow, digest(secret))
    person = session.get(PersonRow, row.person_id) if row is not None and row.expires_at > now else None
    if row is None or person is None or person.disabled_at is not None:
        raise NotSignedIn("the session has ended")
    return SignedIn(_caller(person), row.csrf)


def sign_out(session: Session, secret: str) -> None:
    """End one browser session."""
    session.execute(sa.delete(SessionRow).where(SessionRow.digest == digest(secret)))


def sign_out_everywhere(session: Session, person_id: str) -> None:
    """End every browser session of a person."""
    session.execute(sa.delete(SessionRow).where(SessionRow.person_id == person_id))


def open_session_for_key(session: Session, secret: str, now: datetime) -> OpenedSession:
    """Sign a browser in with an API key: the key's role becomes a person bound to that key. Raises NotSignedIn."""
    caller = authenticate_key(session, secret)
    if not caller.may("pages"):
        raise NotSignedIn(f"a key of the role {caller.role} has no pages to open")
    person = add_person(
        session, f"key-{caller.id}@keys.invalid", caller.role, caller.site, now, name=f"key {caller.name}"
    )
    return _open(session, person, now)


def _open(session: Session, person: PersonRow, now: datetime) -> OpenedSession:
    secret = secrets.token_urlsafe(32)
    expires = now + timedelta(days=SESSION_DAYS)
    row = SessionRow(
        digest=digest(secret), person_id=person.id, csrf=secrets.token_urlsafe(24), created_at=now, expires_at=expires
    )
    session.add(row)
    return OpenedSession(secret, _caller(person))


def _caller(person: PersonRow) -> Caller:
    return Caller("person", person.id, cast(Role, person.role), person.site, person.name)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise InvalidInput(f"the role is one of {', '.join(ROLES)}", field="role")
