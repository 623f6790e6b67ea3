from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.database import Database
from service.errors import InvalidInput, NotAllowed, NotSignedIn, UnknownSite
from service.people import identity
from service.people.permissions import Caller, require

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_key_is_recognised_and_never_stored(database: Database) -> None:
    with database.write() as session:
        secret = identity.create_key(session, "site", "acme", NOW)
    with database.read() as session:
        caller = identity.authenticate_key(session, secret)
        assert (caller.role, caller.site) == ("site", "acme")
        stored = session.connection().exec_driver_sql("SELECT digest, prefix FROM api_keys").all()
    assert all(secret not in column for row in stored for column in row)


def test_a_revoked_or_unknown_key_is_nobody(database: Database) -> None:
    with database.write() as session:
        secret = identity.create_key(session, "site", "acme", NOW)
        key = identity.authenticate_key(session, secret)
        identity.revoke_key(session, key.id, NOW)
    with database.read() as session:
        for wrong in (secret, "al_site_guess", ""):
            with pytest.raises(NotSignedIn):
                identity.authenticate_key(session, wrong)


def test_a_key_makes_its_site_known(database: Database) -> None:
    with database.read() as session, pytest.raises(UnknownSite):
        identity.check_site(session, "newcomer")
    with database.write() as session:
        identity.create_key(session, "site", "newcomer", NOW)
        identity.check_site(session, "newcomer")


def test_a_sign_in_link_works_once_and_for_a_day(database: Database) -> None:
    with database.write() as session:
        person = identity.add_person(session, "Ada@example.org", "moderator", "acme", NOW)
        once, late = (identity.create_link(session, person.id, NOW) for _ in range(2))
        opened = identity.use_link(session, once, NOW)
        assert identity.authenticate_session(session, opened.secret, NOW).caller.role == "moderator"
        for spent, when in ((once, NOW), (late, NOW + timedelta(hours=25)), ("guess", NOW)):
            with pytest.raises(NotSignedIn):
                identity.use_link(session, spent, when)


def test_signing_out_everywhere_ends_every_session(database: Database) -> None:
    with database.write() as session:
        person = identity.add_person(session, "b@example.org", "mentor", "acme", NOW)
        opened = [identity.use_link(session, identity.create_link(session, person.id, NOW), NOW) for _ in range(2)]
        identity.sign_out_everywhere(session, person.id)
        for one in opened:
            with pytest.raises(NotSignedIn):
                identity.authenticate_session(session, one.secret, NOW)


@pytest.mark.parametrize(
    ("role", "email"), [("owner", "a@example.org"), ("site", "a@example.org"), ("mentor", "nobody")]
)
def test_people_without_a_role_or_an_address_are_refused(database: Database, role: str, email: str) -> None:
    with database.write() as session, pytest.raises(InvalidInput):
        identity.add_person(session, email, role, "acme", NOW)


def test_a_site_key_works_for_its_own_site_alone() -> None:
    caller = Caller("key", "k", "site", "acme")
    require(caller, "posts.write", "acme")
    with pytest.raises(NotAllowed):
        require(caller, "posts.write", "other")
    with pytest.raises(NotAllowed):
        require(caller, "review", "acme")
