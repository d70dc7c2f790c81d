"""Reading requests within bounds: bodies, numbers, ids, tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from bowerbird.sandbox.denied import Denied

BODY_MAX = 8 * 1024 * 1024
FIELDS_MAX = 50
COOKIE = "sandbox_session"


async def body_of(request: Request) -> bytes:
    """Return the body; `Denied` 413 beyond 8 MB, without reading on."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > BODY_MAX:
                raise Denied(413, "too_large")
            parts.append(part)
    except ClientDisconnect:  # half a request asks for nothing, and nobody hears the answer
        raise Denied(400, "bad_request") from None
    return b"".join(parts)


async def json_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; an empty body is an empty object."""
    raw = await body_of(request)
    try:
        value = json.loads(raw or b"{}")
    except ValueError:
        raise Denied(400, "bad_request") from None
    if not isinstance(value, dict):
        raise Denied(400, "bad_request")
    return value


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a plain form, or of a JSON object of strings."""
    raw = await body_of(request)
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        raise Denied(400, "bad_request") from None


@dataclass(frozen=True, slots=True)
class Parts:
    """A form with one file in it."""

    words: dict[str, str]
    content: bytes


async def parts_of(request: Request) -> Parts:
    """Return the fields and the one file of a form in parts; `Denied` 400 or 413 as for other bodies."""
    if int(request.headers.get("content-length") or BODY_MAX + 1) > BODY_MAX:
        raise Denied(413, "too_large")
    try:
        async with request.form(max_files=1, max_fields=FIELDS_MAX) as form:
            words = {name: value for name, value in form.items() if isinstance(value, str)}
            (file,) = [value for value in form.values() if not isinstance(value, str)]
            return Parts(words, await file.read())
    except (ValueError, ClientDisconnect, HTTPException):
        raise Denied(400, "bad_request") from None


def words_of(values: dict[str, Any], name: str, *, most: int) -> str:
    """Return a string field, empty when it is not given; `Denied` 400 for another type or more than `most`."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most or not _spelled(value):
        raise Denied(400, "bad_request", detail=f"{name} must be a text of at most {most} characters.")
    return value


def _spelled(text: str) -> bool:
    """Whether a text can be written down at all: half a surrogate pair cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def number_of(values: dict[str, Any], name: str, *, most: float) -> float | None:
    """Return a number field within 0 .. `most`, or None; `Denied` 400 for anything else."""
    value = values.get(name)
    if value in (None, ""):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= most:
        raise Denied(400, "bad_request", detail=f"{name} must be a number from 0 to {most:g}.")
    return number


def id_of(value: str | None) -> str:
    """Return an id from a query, empty when it is not given; `Denied` 400 when it is none."""
    if value and not (value.isascii() and value.isdigit() and len(value) < 20):
        raise Denied(400, "bad_request", detail="ids are numbers.")
    return value or ""


def limit_of(request: Request, *, default: int = 20, most: int = 100) -> int:
    """Return the page size asked for, within bounds."""
    limit = number_of(dict(request.query_params), "limit", most=1e9)
    return max(1, min(most, int(default if limit is None else limit)))


def token_of(request: Request) -> str:
    """Return the token of the header or the cookie, or empty."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(COOKIE, "")
