"""Private data made up for posts: valid in form, belonging to nobody; the same for every run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("email", "phone", "card", "iban", "national_id", "ip", "name", "first_name")
POSTS = 400
FIRST_NAMES = 100
"""Posts more, with a first name alone."""


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Aisulu Bronagh Chidi Dagny Eliška Farhod Gwenllian Hoku Ioana Jørn Kamande Ljubica Malia Ngozi Oisín "
    "Palesa Quynh Rauha Siobhán Tevita Uxía Vusi Wairimu Xiomara Yewande Zoltán Anneliese Bartholomew "
    "Clementine Dermot Esperanza Florian Gretchen Humphrey Ingeborg Jemima Kristoffer Leopold Marguerite "
    "Nathaniel "
)
_LAST = _words(
    "Abernathy Bjornstad Chukwuemeka Delacroix-Roy Eberhardt Fitzwilliam Grzybowski Halvorsen Iyer-Menon "
    "Jankowska Kovalenko Lindqvist Mwangi Nakagawa Okonjo Papadimitriou Quispe Rasmussen Szalai "
    "Thorvaldsen Underhill Villaseñor Wojtyla Xhaferi Yamashiro Zubiri Ashworth Brannigan Castellanos "
    "Dunleavy Eriksen Fairbrother Goldsworthy Hargreaves Inglewood Jablonski Kirkbride Lockridge "
    "Merriweather Northcott "
)
_SENTENCES = {
    "email": ("You can write to me at {}.", "My manager forwarded it from {} last night.", "HR asked us to use {} for this"),
    "phone": ("Call me on {} if you want details.", "She texted from {} on a Sunday.", "his number is {} btw"),
    "card": ("They even asked for my card, {}.", "The expense ran on {} and bounced."),
    "iban": ("The bonus went to {} by mistake.", "please pay to {}"),
    "national_id": ("The form shows my SSN {} in clear.", "Payroll mailed my number {} to the team."),
    "ip": ("The log says it came from {}.", "My home address is {} in the VPN list."),
    "name": (
        "My manager {} told the whole team I was slow.", "I reported to {} for two years.", "Then {} took credit for it.",
        "A recruiter called {} offered me 185k.", "Nobody but {} knows the reason.", "{} signed it off without reading it.",
        "On Tuesday I sat next to {} and heard the whole call.", "It is {}'s budget, not mine.", "Both my skip and {} were in the room.",
        "CV screened by {}, then silence.", "Thank you {} for nothing, honestly.",
    ),
    "first_name": (
        "My manager {} told the whole team I was slow.", "Then {} took credit for it.", "{} said the budget was gone.",
        "I asked {} twice and got no answer.", "My colleague, {}, saw it too.", "It was {}'s idea, not mine.",
        "Since {} left, nobody reviews my code.", "She works with {} on the same floor.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PlantedPost:
    """A post with what was planted: (kind, value)."""

    id: str
    host: str
    body: str
    items: tuple[tuple[str, str], ...]


def planted_posts(hosts: Sequence[tuple[str, str]], seed: int = 7) -> list[PlantedPost]:
    """`POSTS` posts, every kind in turn, half of them full names, and `FIRST_NAMES` more; each stands in a real body."""
    rng = random.Random(seed)
    found = []
    names = sorted({f"{rng.choice(_FIRST)} {rng.choice(_LAST)}" for _ in range(POSTS)})
    rng.shuffle(names)
    for number in range(POSTS + FIRST_NAMES):
        kind = "first_name" if number >= POSTS else "name" if number % 2 else KINDS[(number // 2) % (len(KINDS) - 2)]
        value = (
            rng.choice(_FIRST)
            if kind == "first_name"
            else names[number // 2 % len(names)]
            if kind == "name"
            else _value(kind, rng)
        )
        host, body = hosts[rng.randrange(len(hosts))]
        sentence = rng.choice(_SENTENCES[kind]).format(value)
        lines = body.split("\n")
        lines.insert(rng.randrange(len(lines) + 1), sentence)
        found.append(PlantedPost(f"{kind}-{number}", host, "\n".join(lines), ((kind, value),)))
    return found


def _value(kind: str, rng: random.Random) -> str:
    if kind == "email":
        name = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}".lower().encode("ascii", "ignore").decode()
        return f"{name}{rng.randrange(100)}@{rng.choice(('mailhost', 'postbox', 'inboxly'))}.{rng.choice(('com', 'net', 'org'))}"
    if kind == "phone":
        return rng.choice(
            ("+1 415 {:03d} {:04d}", "+44 20 7{:03d} {:04d}", "(212) {:03d}-{:04d}", "+49 30 2{:03d}{:04d}")
        ).format(rng.randrange(200, 999), rng.randrange(10_000))
    if kind == "card":
        return _with_luhn(rng.choice(("4", "51", "37")), 15 if rng.random() < 0.2 else 16, rng)
    if kind == "iban":
        account = "".join(str(rng.randrange(10)) for _ in range(18))
        check = 98 - int(account + "131400") % 97
        return f"DE{check:02d}" + account
    if kind == "national_id":
        return f"{rng.randrange(100, 665):03d}-{rng.randrange(10, 99):02d}-{rng.randrange(1000, 9999):04d}"
    return ".".join(str(part) for part in (rng.choice((81, 93, 109, 185)), *(rng.randrange(1, 255) for _ in range(3))))


def _with_luhn(prefix: str, length: int, rng: random.Random) -> str:
    digits = [int(c) for c in prefix] + [rng.randrange(10) for _ in range(length - len(prefix) - 1)]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return "".join(map(str, digits)) + str(-total % 10)
