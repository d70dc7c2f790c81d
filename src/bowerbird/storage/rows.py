"""Values to rows and back. A row is a dictionary on its way in, and a tuple in the table's order on its way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Counts, Model, Reading, Seen, Target, TargetState
from bowerbird.core.keeping import Words
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Brief
from bowerbird.core.post import Card, Choice, Kind, Media, Payload, Post, RemoteRef, ReplyTo
from bowerbird.core.work import Command, Outcome, Owner, Run
from bowerbird.storage import tables

Row = dict[str, Any]
Line = tuple[Any, ...]

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""JSON without white space; `ValueError` for what JSON has no word for."""


def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass; all of core's have slots, so they are listed already."""
    names: tuple[str, ...] = kind.__slots__
    return names


def flat(thing: Any) -> Row:
    """The fields of one dataclass, nothing below them."""
    return {name: getattr(thing, name) for name in _names(thing)}


def reader(table: Any) -> Callable[[Line], Row]:
    """How a line of this table becomes a dictionary."""
    names = tuple(column.name for column in table.c)
    return lambda line: dict(zip(names, line, strict=True))


# --- posts -----------------------------------------------------------------------------------------------------

_read_post = reader(tables.posts)


def post_row(post: Post) -> Row:
    """Every column of a post."""
    row = step_row(post)
    parent = post.payload.reply_to
    row["text"], row["text_hash"] = post.payload.text, post.payload.text_hash
    row["reply_parent_id"] = parent.parent.id if parent is not None else None
    row["payload"], row["choice"] = _payload_text(post.payload), encode(flat(post.choice))
    row["kind"] = post.kind.value
    return row


def step_row(post: Post) -> Row:
    """The columns that a step of its life can change; what is said stays as it was written."""
    row = flat(post)
    row["remote_id"] = post.remote.id if post.remote is not None else None
    row["remote"] = encode(flat(post.remote)) if post.remote is not None else None
    row["state"] = post.state.value
    return row


def post_of(line: Line) -> Post:
    """The post a line was made from."""
    row = _read_post(line)
    payload = _payload(row.pop("text"), json.loads(row["payload"]))
    for derived in ("text_hash", "reply_parent_id", "remote_id"):
        del row[derived]
    row["payload"], row["choice"] = payload, Choice(**json.loads(row["choice"]))
    row["remote"] = RemoteRef(**json.loads(row["remote"])) if row["remote"] is not None else None
    row["kind"], row["state"] = Kind(row["kind"]), State(row["state"])
    row["withdrawn"] = bool(row["withdrawn"])
    return Post(**row)


def _payload_text(payload: Payload) -> str:
    carried: Row = {"lang": payload.lang}
    if payload.media:
        carried["media"] = [flat(media) for media in payload.media]
    if payload.card is not None:
        carried["card"] = flat(payload.card)
    if (to := payload.reply_to) is not None:
        carried["reply_to"] = flat(to) | {"parent": flat(to.parent), "root": flat(to.root)}
    return encode(carried)


def _payload(text: str, carried: Row) -> Payload:
    media = tuple(Media(**item) for item in carried.get("media", ()))
    card = Card(**carried["card"]) if "card" in carried else None
    to = carried.get("reply_to")
    refs = {"parent": RemoteRef(**to["parent"]), "root": RemoteRef(**to["root"])} if to else {}
    reply_to = ReplyTo(**(to | refs)) if to else None
    return Payload(text=text, media=media, card=card, reply_to=reply_to, lang=carried["lang"])


# --- findings --------------------------------------------------------------------------------------------------

_read_reading, _read_target, _read_model = reader(tables.readings), reader(tables.targets), reader(tables.models)


def reading_row(reading: Reading) -> Row:
    """Every column of a reading; its counts are columns of their own."""
    return flat(reading) | flat(reading.counts)


def reading_of(line: Line) -> Reading:
    """The reading a line was made from."""
    row = _read_reading(line)
    del row["workspace_id"]
    counts = Counts(**{name: row.pop(name) for name in _names(Counts)})
    row["rehearsal"] = bool(row["rehearsal"])
    return Reading(counts=counts, **row)


def target_row(target: Target) -> Row:
    """Every column of a target."""
    seen = target.seen
    carried = flat(seen) | {"ref": flat(seen.ref), "counts": flat(seen.counts)}
    carried["root"] = flat(seen.root) if seen.root is not None else None
    return flat(target) | {"seen": encode(carried), "state": target.state.value}


def target_of(line: Line) -> Target:
    """The target a line was made from."""
    row = _read_target(line)
    del row["workspace_id"]
    seen = json.loads(row["seen"])
    seen["ref"], seen["counts"] = RemoteRef(**seen["ref"]), Counts(**seen["counts"])
    seen["root"] = RemoteRef(**seen["root"]) if seen["root"] is not None else None
    row |= {"seen": Seen(**seen), "state": TargetState(row["state"]), "addressed": bool(row["addressed"])}
    return Target(**row)


def model_row(model: Model) -> Row:
    """Every column of a model."""
    return flat(model) | {"scores": encode(model.scores)}


def model_of(line: Line) -> Model:
    """The model a line was made from."""
    row = _read_model(line)
    del row["workspace_id"]
    return Model(**(row | {"champion": bool(row["champion"]), "scores": json.loads(row["scores"])}))


def advice_row(advice: Advice) -> Row:
    """Every column of a piece of advice."""
    row = flat(advice)
    return {name: row.pop(name) for name in ("account_id", "version", "made_at")} | {"data": encode(row)}


def advice_of(line: Line) -> Advice:
    """The advice a line was made from."""
    account_id, _, version, made_at, data = line
    row: Row = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(data).items()}
    row["draws"] = tuple(tuple(draw) for draw in row["draws"])
    return Advice(account_id=account_id, version=version, made_at=made_at, **row)


# --- the ledger ------------------------------------------------------------------------------------------------

_read_words = reader(tables.words)


def account_row(account: Account) -> Row:
    """Every column of an account."""
    row = flat(account)
    columns = {name: row.pop(name) for name in ("id", "workspace_id", "platform", "handle", "rehearsal")}
    return columns | {"data": encode(row)}


def account_of(line: Line) -> Account:
    """The account a line was made from."""
    account_id, workspace_id, platform, handle, rehearsal, data = line
    row = json.loads(data)
    row |= {"mode": Mode(row["mode"]), "slots": tuple(row["slots"]), "searches": tuple(row["searches"])}
    named = {"id": account_id, "workspace_id": workspace_id, "platform": platform, "handle": handle}
    return Account(**named, rehearsal=bool(rehearsal), **row)


def hold_row(hold: Hold) -> Row:
    """Every column of a hold."""
    return flat(hold) | {"kind": hold.kind.value}


def hold_of(line: Line) -> Hold:
    """The hold a line was made from."""
    account_id, kind, _, since, until, why = line
    return Hold(account_id=account_id, kind=HoldKind(kind), since=since, until=until, why=why)


def words_row(words: Words, *, used: bool = False) -> Row:
    """Every column of a paid answer."""
    brief = flat(words.brief)
    brief |= {"wants": flat(words.brief.wants), "avoid_claims": sorted(words.brief.avoid_claims)}
    return flat(words) | {"account_id": words.brief.account_id, "brief": encode(brief), "used": used}


def words_of(line: Line) -> Words:
    """The answer a line was made from."""
    row = _read_words(line)
    brief = json.loads(row["brief"])
    brief |= {"wants": Choice(**brief["wants"]), "avoid_claims": frozenset(brief["avoid_claims"])}
    for hidden in ("workspace_id", "account_id", "used"):
        del row[hidden]
    return Words(**(row | {"brief": Brief(**brief)}))


# --- the journal -----------------------------------------------------------------------------------------------

_read_fact, _read_run, _read_command = reader(tables.facts), reader(tables.runs), reader(tables.commands)
_read_owner = reader(tables.owners)


def fact_row(fact: Fact) -> Row:
    """Every column of a fact, apart from its number."""
    row = flat(fact) | {"data": encode(fact.data)}
    del row["seq"]
    return row


def fact_of(line: Line) -> Fact:
    """The fact a line was made from."""
    row = _read_fact(line)
    del row["workspace_id"]
    return Fact(**(row | {"data": json.loads(row["data"])}))


def run_row(run: Run) -> Row:
    """Every column of a run."""
    return flat(run) | {"outcome": run.outcome.value}


def run_of(line: Line) -> Run:
    """The run a line was made from."""
    row = _read_run(line)
    del row["workspace_id"]
    return Run(**(row | {"outcome": Outcome(row["outcome"])}))


def command_row(command: Command) -> Row:
    """Every column of a command, apart from who took it."""
    return flat(command) | {"args": encode(command.args)}


def command_of(line: Line) -> Command:
    """The command a line was made from."""
    row = _read_command(line)
    for hidden in ("workspace_id", "taken_by", "taken_at"):
        del row[hidden]
    ok = None if row["ok"] is None else bool(row["ok"])
    return Command(**(row | {"args": json.loads(row["args"]), "ok": ok}))


def owner_of(line: Line) -> Owner:
    """The process a line was made from."""
    return Owner(**_read_owner(line))
