"""National identity, tax and social insurance numbers: checked by `python-stdnum`, or told by the word before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any

MOST = 400


@dataclass(frozen=True)
class IdNumber:
    """text[start:end] is an identity number; `detail` names it, `us_ssn`; `strength` is higher with a valid check digit."""

    start: int
    end: int
    strength: float
    detail: str


_WORDS = re.compile(
    r"\b(?:ssn|social (?:security|insurance)(?: (?:number|no\.?|card))?|s\.s\.n|sin|nino|ni number|national insurance|national id|id (?:card )?(?:number|no)|"
    r"aadha?ar|pan(?: card| no| number)?|uidai|passport|passeport|pasaporte|passaporte|reisepass(?:nummer)?|personalausweis\w{0,8}|"
    r"driver'?s licen[cs]e|driving licen[cs]e|licen[cs]e number|dni|nie|nif|cuil|cuit|curp|rfc|clabe|cpf|rg|cnh|pis|titulo|nir|sécu(?:rité sociale)?|"
    r"numéro de sécu\w{0,5}|insee|bsn|burgerservicenummer|pesel|dowód|nip|personnummer|fødselsnummer|fodselsnummer|cpr|henkilötunnus|hetu|"
    r"codice fiscale|steuer-?id\w{0,14}|steuernummer|sozialversicherungsnummer|svnr|ahv|tax id|tin|tfn|ird|mykad|nric|ic(?: no| number)?|"
    r"tckn|tc kimlik(?: no)?|kimlik|egn|jmbg|cnp|oib|isikukood|rut|cédula|cedula|residence card|zairyu(?: card)?|nss|imss|"
    r"medicare|nhs(?: number| no)?|account(?: number| no| num)|acct|sort code|routing(?: number| no)?|bank account|konto(?:nummer)?|kontonr)\b"
    r"|आधार|पैन|身份证|身份证号|护照|在留カード|マイナンバー|주민등록번호",
    re.I,
)
_TOLD = re.compile(
    r"[\s:#=|*\"'`«(：-]{0,4}(?:(?:is|was|no|number|num|nr|es|est|ist|é|号|号码|नंबर|code)\b[\s.:#=]{0,3})?([A-Z0-9][A-Z0-9 ./-]{4,24}[A-Z0-9])",
    re.I,
)
FEWEST_DIGITS = 4
"""Every shape and whatever is told to be a number holds as many."""
_DIGIT = re.compile(r"\d")
_SSN = re.compile(r"(?<![\w.-])(\d{3})([- ])(\d{2})\2(\d{4})(?![\w-])")
_SHAPES = re.compile(
    r"(?<![\w.,+-])(?:"
    r"\d{3}\.\d{3}\.\d{3}-\d{2}"  # br.cpf
    r"|\d{17}[\dXx]"  # cn.ric
    r"|[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d"  # mx.curp
    r"|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]"  # it.codicefiscale
    r"|[A-Z]{5}\d{4}[A-Z]"  # in_.pan
    r"|\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]"  # fi.hetu
    r"|\d{2}-\d{8}-\d"  # ar.cuit
    r"|[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3}(?: ?\d{2})?"  # fr.nir
    r"|[XYZ]?-?\d{7,8}-?[A-Z]"  # es.dni, es.nie
    r"|[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]"  # gb.nino
    r"|\d{4} \d{4} \d{4}"  # in_.aadhaar
    r"|\d{2}\.\d{3}\.\d{3}-[\dKk]"  # cl.rut
    r"|\d{6}-?\d{4}|\d{8}-\d{4}"  # se.personnummer, dk.cpr
    r"|\d{6} ?\d{5}"  # no.fodselsnummer, pl.pesel
    r"|756\.\d{4}\.\d{4}\.\d{2}"  # ch.ssn
    r"|\d{18}"  # mx.clabe
    r")(?![\w-]|[.,]\d)"
)
_CHECKED = {
    "br.cpf": 0.95, "cn.ric": 0.95, "mx.curp": 0.95, "it.codicefiscale": 0.95, "fi.hetu": 0.9, "ar.cuit": 0.9, "fr.nir": 0.9, "es.dni": 0.9,
    "es.nie": 0.9, "in_.aadhaar": 0.7, "cl.rut": 0.9, "no.fodselsnummer": 0.85, "pl.pesel": 0.8, "ch.ssn": 0.95, "se.personnummer": 0.75,
    "dk.cpr": 0.4, "in_.pan": 0.8,
}  # fmt: skip


def national_ids(text: str) -> Iterator[IdNumber]:
    """Identity numbers in `text`; may overlap when two readings fit."""
    if len(_DIGIT.findall(text)) < FEWEST_DIGITS:
        return
    for match in islice(_WORDS.finditer(text), MOST):
        told = _TOLD.match(text, match.end())
        if (
            told
            and sum(map(str.isdigit, told[1])) >= 4
            and not re.fullmatch(r"(?:19|20)\d\d(?:[-./ ]\d\d?){0,2}", told[1])
        ):
            value = _cut(told[1])
            if sum(map(str.isdigit, value)) >= 5:
                yield IdNumber(told.start(1), told.start(1) + len(value), 0.97, "told")
    for match in islice(_SSN.finditer(text), MOST):
        if match[1] not in ("000", "666") and match[3] != "00" and match[4] != "0000" and match[2] == "-":
            yield IdNumber(match.start(), match.end(), 0.95, "us_ssn")
    for match in islice(_SHAPES.finditer(text), MOST):
        for name, strength in _CHECKED.items():
            if _validator(name).is_valid(match[0]):
                yield IdNumber(match.start(), match.end(), strength, name.replace(".", "_").replace("__", "_"))
                break


def _cut(value: str) -> str:
    """Leave out trailing words: keep pieces up to the last that holds a digit, stop after a word without one."""
    pieces = re.split(r"( )", value)
    kept = ""
    for piece in pieces:
        if piece.isalpha() and len(piece) > 4 and kept.strip():
            break
        kept += piece
    while kept and not any(map(str.isdigit, kept.rsplit(" ", 1)[-1])) and " " in kept:
        kept = kept.rsplit(" ", 1)[0]
    return kept.rstrip()


@cache
def _validator(name: str) -> Any:
    return import_module(f"stdnum.{name}")
