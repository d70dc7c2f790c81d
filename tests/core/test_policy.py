"""A test per rule of the platforms' automation rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bowerbird.core.account import Account
from bowerbird.core.lifecycle import State
from bowerbird.core.policy import (
    PLATFORMS,
    RULES,
    Action,
    Context,
    Rule,
    Ruling,
    attested,
    judge,
    judge_post,
    table_markdown,
)
from bowerbird.core.post import Choice, Kind, Payload, Post, RemoteRef, ReplyTo

A, C, R = Action, Context, Ruling

ACCOUNT = Account(id="bluesky:wren", platform="bluesky", handle="wren", labelled=True, operator="Ada")
REF = RemoteRef(id="1")
POST = Post(
    id="p", account_id=ACCOUNT.id, key="k", thread_id="p", payload=Payload(text="hello"), state=State.QUEUED,
    since=0, created_at=0, due=0, expires_at=1, choice=Choice(writer="bank"),
)  # fmt: skip
REPLY = replace(
    POST, kind=Kind.REPLY,
    payload=Payload(text="@lark.example.com yes", reply_to=ReplyTo(parent=REF, root=REF, author="lark.example.com")),
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.platforms[0]}-{r.actions[0]}-{r.context.name}")
def test_every_rule_names_its_text_its_source_and_its_day(rule: Rule) -> None:
    """A rule nobody can look up is no rule."""
    assert rule.text.endswith(".")
    assert len(rule.source) > 10
    assert date(2026, 1, 1) <= date.fromisoformat(rule.date) <= date(2026, 12, 31)
    assert set(rule.platforms) <= set(PLATFORMS)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.platforms[0]}-{r.actions[0]}-{r.context.name}")
def test_every_rule_decides_its_own_case(rule: Rule) -> None:
    """In its plainest case each row's ruling comes out, or a stricter one that is also in the table."""
    order = [R.ALLOWED, R.TO_PERSON, R.FORBIDDEN]
    for platform in rule.platforms:
        for action in rule.actions:
            verdict = judge(platform, action, {rule.context} | ({C.SUMMONED} if rule.context is not C.COLD else set()))
            assert order.index(verdict.ruling) >= order.index(rule.ruling)
            if rule.context in {C.ANSWERED, C.OPTED_OUT, C.SAME_TEXT, C.TREND}:
                assert verdict.ruling is R.FORBIDDEN


def test_every_platform_and_action_has_a_rule() -> None:
    """No pair falls through to "no rule is known"."""
    for platform in PLATFORMS:
        for action in Action:
            assert judge(platform, action).rule != judge("nowhere", action).rule


def test_an_unknown_platform_allows_nothing() -> None:
    """Where no rule is known nothing is done, whatever else fits."""
    assert judge("nowhere", A.POST).ruling is R.FORBIDDEN


@pytest.mark.parametrize("platform", PLATFORMS)
def test_likes_and_follows_are_never_automated(platform: str) -> None:
    """Not even for those who addressed us."""
    assert judge(platform, A.LIKE, {C.SUMMONED}).ruling is R.FORBIDDEN
    assert judge(platform, A.FOLLOW, {C.SUMMONED}).ruling is R.FORBIDDEN


@pytest.mark.parametrize("platform", ["x_web", "x"])
@pytest.mark.parametrize("action", list(Action))
def test_the_web_site_of_x_is_never_driven_by_itself(platform: str, action: Action) -> None:
    """Permanent suspension is the price: the owner who takes that risk says yes to each post; nobody is touched."""
    expected = R.TO_PERSON if action is A.POST else R.FORBIDDEN
    assert judge(platform, action, {C.SUMMONED}).ruling is expected


@pytest.mark.parametrize("platform", ["bluesky", "mastodon", "x_api", "sandbox", "sandbox-web"])
def test_who_addressed_us_is_answered_and_nobody_else(platform: str) -> None:
    """A summoned reply goes; a cold one waits for a person, or may not go through X's API at all."""
    assert judge(platform, A.REPLY, {C.SUMMONED}).allowed
    assert judge(platform, A.REPLY).ruling is (R.FORBIDDEN if platform == "x_api" else R.TO_PERSON)


@pytest.mark.parametrize("platform", ["bluesky", "mastodon", "x_api", "sandbox"])
@pytest.mark.parametrize("context", [C.ANSWERED, C.OPTED_OUT, C.SAME_TEXT, C.TREND])
def test_one_reply_opt_out_same_text_and_trends_are_forbidden_everywhere(platform: str, context: Context) -> None:
    """A summons does not outweigh any of them."""
    assert judge(platform, A.REPLY, {C.SUMMONED, context}).ruling is R.FORBIDDEN


def test_a_model_s_reply_on_x_goes_to_a_person() -> None:
    """X asks for prior approval of replies that a language model wrote."""
    assert judge("x_api", A.REPLY, {C.SUMMONED, C.GENERATED}).ruling is R.TO_PERSON
    assert judge("bluesky", A.REPLY, {C.SUMMONED, C.GENERATED}).allowed


def test_quoting_on_x_is_gone() -> None:
    """The endpoint left the self-serve API, so a summons does not help."""
    assert judge("x_api", A.QUOTE, {C.SUMMONED}).ruling is R.FORBIDDEN


def test_nothing_real_is_posted_before_the_owner_attests() -> None:
    """Label and operator are both needed; a rehearsal needs neither."""
    assert judge_post(ACCOUNT, POST).allowed
    assert "self-label" in judge_post(replace(ACCOUNT, labelled=False), POST).rule
    assert judge_post(replace(ACCOUNT, operator=" "), POST).ruling is R.FORBIDDEN
    assert not attested(replace(ACCOUNT, operator=""))
    rehearsal = Account(id="sandbox:wren", platform="sandbox-web", handle="wren", rehearsal=True)
    assert judge_post(rehearsal, POST).allowed
    assert attested(rehearsal)


def test_a_cold_reply_waits_for_a_person_and_a_mode_is_none() -> None:
    """A person's yes lets it go; the account's mode is no person."""
    assert judge_post(ACCOUNT, REPLY).ruling is R.TO_PERSON
    assert judge_post(ACCOUNT, replace(REPLY, approved_by="ada")).allowed
    assert judge_post(ACCOUNT, replace(REPLY, approved_by="mode:auto"), {C.COLD}).ruling is R.TO_PERSON
    assert judge_post(ACCOUNT, replace(REPLY, approved_by="mode:auto")).allowed


def test_a_person_does_not_overrule_what_is_forbidden() -> None:
    """Approval answers "to a person", never "forbidden"."""
    assert judge_post(ACCOUNT, replace(REPLY, approved_by="ada"), {C.OPTED_OUT}).ruling is R.FORBIDDEN


def test_naming_strangers_in_a_generated_post_goes_to_a_person() -> None:
    """A provider's mention is asked about; the bank's decorator is code; the one we answer is no stranger."""
    named = replace(POST, payload=Payload(text="thanks @crow.example.com"), choice=Choice(writer="openai"))
    assert judge_post(ACCOUNT, named).ruling is R.TO_PERSON
    code = replace(POST, payload=Payload(text="@functools.cache"), choice=Choice(writer="bank"))
    assert judge_post(ACCOUNT, code).allowed
    assert judge_post(ACCOUNT, REPLY, {C.SUMMONED}).allowed


def test_the_table_prints_every_rule() -> None:
    """The page holds one line per row, with its source and day."""
    lines = table_markdown().splitlines()
    assert len(lines) == len(RULES) + 2
    assert all(rule.source in line and rule.date in line for rule, line in zip(RULES, lines[2:], strict=True))
