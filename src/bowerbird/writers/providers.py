"""Any OpenAI-compatible address as a writer: OpenAI, Ollama, llama.cpp, vLLM, a proxy.

1. A provider that asked for rest, or whose answer was of no use, is left alone until then; one that does not answer,
   until its breaker has found it back.
2. The dearest possible outcome of the call is reserved in the ledger; no room means `WriterSpent`, and no call.
3. The call has a deadline, its answer a size limit.
4. The answer is kept, together with its true cost, before anybody reads it: in the books, or in the spool while
   they cannot be written. What certainly was not billed is given back; a call that was lost, or whose process died,
   stays counted: the day's cap is never passed.
5. An answer nobody can read is asked for once more, then it is the next writer's turn.
6. An answer that was kept and of which nothing was made, because a process died or the books could not be written,
   is read before anybody is asked: nothing is bought twice.

The key stands in one header and nowhere else: not in a repr, a log line or an error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx

from bowerbird.core.account import Quota
from bowerbird.core.books import Batch, Keeper, Ledger
from bowerbird.core.errors import BadInput, Unreachable, WriterBusy, WriterError, WriterSpent
from bowerbird.core.keeping import Words
from bowerbird.core.ports import Brief, Chance, Clock, Draft
from bowerbird.core.post import SECOND_US, Choice
from bowerbird.resilience.breakers import Breakers
from bowerbird.writers.budget import DAY_S, day_quota, priced
from bowerbird.writers.call import (
    NEW_NAME,
    OLD_NAME,
    REST_USELESS_S,
    Failed,
    NewName,
    complete,
    greet,
    says,
    trip,
)
from bowerbird.writers.prompt import Message, Unreadable, messages, read_answer, repair

PROBE_S = 8.0
"""How long the address may take to say whether it is there, seconds."""
FRAMING_TOKENS = 64
"""What a chat template may add to the bytes we send."""
TOKENS_MAX = 10_000_000
"""More tokens than any call can have used."""


KEPT_S = 7 * DAY_S
"""A kept answer older than this is no longer worth reading."""


class Purse(Ledger, Keeper, Protocol):
    """What a provider needs of the books: a budget, and a place for what it paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An address that writes.

    Args:
        name: as recorded in `Choice.writer`; the ledger counts by it.
        url: up to and without ``/chat/completions``, such as ``http://127.0.0.1:11434/v1``.
        model: the model to ask for.
        key: sent as a bearer token if not empty; never shown.
        about: what the account is about, in the owner's words.
        timeout_s: the deadline of one call in seconds.
        price_in, price_out: dollars per million tokens; 0 means unknown, and the cap is in tokens.
        day_max: dollars in any 24 hours; `tokens_day_max` in tokens where the prices are unknown.
        output_max: tokens of one answer.
        candidates: how many are asked for at a time.
    """

    name: str
    url: str
    model: str
    key: str = field(default="", repr=False)
    about: str = ""
    timeout_s: float = 30.0
    price_in: float = 0.0
    price_out: float = 0.0
    day_max: float = 1.0
    tokens_day_max: float = 200_000
    output_max: int = 1_000
    candidates: int = 4

    def __post_init__(self) -> None:
        """Refuse what could never work; the key itself is never repeated."""
        if not self.url.startswith(("http://", "https://")):
            raise BadInput(f"the writer {self.name!r} needs an address that begins with http:// or https://")
        if "@" in self.url:
            raise BadInput(f"the address of the writer {self.name!r} holds a password; give it as the key")
        if not self.model:
            raise BadInput(f"the writer {self.name!r} needs the name of a model")
        if not self.key.isascii() or any(c.isspace() or not c.isprintable() for c in self.key):
            raise BadInput(f"the key of the writer {self.name!r} holds a space or a line end; paste it again")

    @property
    def priced(self) -> bool:
        """True if both prices are known."""
        return priced(self.price_in, self.price_out)

    def quota(self, cost: float) -> Quota:
        """Return the day's cap with this cost to take from it, in dollars or tokens."""
        return day_quota(
            self.name, price_in=self.price_in, price_out=self.price_out, day_max=self.day_max,
            tokens_day_max=self.tokens_day_max, cost=cost,
        )  # fmt: skip

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Return what these tokens cost in the quota's unit."""
        if not self.priced:
            return tokens_in + tokens_out
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000


class ProviderWriter:
    """A `Writer` that asks one provider.

    Args:
        provider: the address and its limits.
        client: shared, and closed by whoever made it.
        ledger: where the day's budget and the answers are kept.
        clock, chance: time, and names for reservations.
        breakers: gets the one of this address, ``writer <name>``.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        client: httpx.AsyncClient,
        ledger: Purse,
        clock: Clock,
        chance: Chance,
        breakers: Breakers,
    ) -> None:
        self._provider = provider
        self._client = client
        self._ledger = ledger
        self._clock = clock
        self._chance = chance
        self._rest_until_s = float("-inf")
        self._why = ""
        self._limit_name = OLD_NAME
        self.breaker = breakers.add(f"writer {self.name}", self._greet, weigh=says, trip=trip(provider.timeout_s))

    def __repr__(self) -> str:
        return f"ProviderWriter({self._provider!r})"

    @property
    def name(self) -> str:
        """As recorded in `Choice.writer`."""
        return self._provider.name

    def cells(self) -> tuple[Choice, ...]:
        """Empty: it writes on anything."""
        return ()

    def reserve(self, said: Collection[str]) -> int:
        """Nothing: a provider has to be asked."""
        return 0

    async def draft(self, brief: Brief) -> list[Draft]:
        """Write candidates, best first; the first one carries the cost of all.

        Raises:
            WriterError: it could not write.
            StorageError: the budget could not be asked, or the answer not be kept.
        """
        if kept := await self._kept(brief):
            return kept
        self._look()
        talk = messages(brief, candidates=self._provider.candidates, about=self._provider.about)
        try:
            return await self._drafts(talk, brief)
        except Failed as failed:
            raise self._rested(failed) from None

    def _look(self) -> None:
        """Raise `WriterBusy` if it is to be left alone just now: it said so, or does not answer."""
        if (rest_s := self._rest_until_s - self._clock.monotonic()) > 0:
            raise WriterBusy(f"{self._why}; it is left alone for a while", retry_at=self._in(rest_s))
        if why := self.breaker.refusal():
            raise WriterBusy(why, retry_at=self.breaker.state.next_probe_at or self._clock.now())

    def _in(self, seconds: float) -> int:
        return self._clock.now() + round(seconds * SECOND_US)

    async def _greet(self) -> None:
        await greet(self._client, self._provider.url, key=self._provider.key, timeout_s=PROBE_S)

    async def _kept(self, brief: Brief) -> list[Draft]:
        """Read an answer that was paid for and never used; the cell is the one it was asked for."""
        since = self._clock.now() - int(KEPT_S * SECOND_US)
        for words in await self._ledger.unused_words(brief.account_id, after=since):
            if words.writer == self.name and words.brief.reply_to == brief.reply_to:
                try:
                    return _paid(read_answer(words.text, words.brief, writer=self.name), words)
                except Unreadable:
                    await self._ledger.keep(Batch(used=(words,)))
        return []

    async def _drafts(self, talk: list[Message], brief: Brief) -> list[Draft]:
        """Ask, and once more if the answer cannot be read."""
        first = await self._ask(talk, brief)
        try:
            return _paid(read_answer(first.text, brief, writer=self.name), first)
        except Unreadable as problem:
            second = await self._ask(repair(talk, first.text, problem), brief)
        try:
            return _paid(read_answer(second.text, brief, writer=self.name), first, second)
        except Unreadable as problem:
            await self._ledger.keep(Batch(used=(first, second)))
            raise Failed(f"its answer could not be read: {problem}", billed=True, rest_s=REST_USELESS_S) from None

    def _rested(self, failed: Failed) -> WriterError:
        """Begin the rest this failure asks for, if any, and say it in the vocabulary of remedies."""
        self._why = f"{self.name}: {failed}"
        if failed.rest_s is None:
            return WriterError(self._why)
        self._rest_until_s = self._clock.monotonic() + failed.rest_s
        return WriterBusy(self._why, retry_at=self._in(failed.rest_s)) if failed.busy else WriterError(self._why)

    async def _ask(self, talk: list[Message], brief: Brief) -> Words:
        """Return the answer, kept and its cost counted.

        A token is at least one byte of what we send, so the bytes are a bound on the tokens.
        """
        asked = {"model": self._provider.model, "messages": talk, self._limit_name: self._provider.output_max}
        body = json.dumps(asked).encode()
        most = self._provider.cost(len(body) + FRAMING_TOKENS, self._provider.output_max)
        subject = f"words:{self._chance.name('words')}"
        if limited := await self._ledger.reserve(subject, [self._provider.quota(most)], now=self._clock.now()):
            gone = f"{limited.used:.4g} of {limited.quota.max:.4g} {limited.quota.unit}"
            raise WriterSpent(f"{self.name}: today's budget is used up ({gone}, {most:.4g} more needed)")
        try:
            text, usage = await self.breaker.call(lambda: self._complete(body))
        except Unreachable as error:  # somebody else's call opened the breaker while this one was being paid for
            await self._ledger.settle(subject, at=self._clock.now(), cost=0.0)
            raise WriterError(str(error)) from None
        except Failed as failed:
            await self._ledger.settle(subject, at=self._clock.now(), cost=None if failed.billed else 0.0)
            if isinstance(failed, NewName) and self._limit_name == OLD_NAME:
                self._limit_name = NEW_NAME
                return await self._ask(talk, brief)
            raise
        spent = _tokens(self._provider, usage)
        words = Words(
            id=subject, writer=self.name, brief=brief, text=text, cost=spent if self._provider.priced else None,
            spent=spent, at=self._clock.now(),
        )  # fmt: skip
        await self._ledger.keep(Batch(words=(words,)))
        return words

    async def _complete(self, body: bytes) -> tuple[str, Mapping[str, Any]]:
        told = self._provider
        return await complete(
            self._client, told.url, key=told.key, body=body, timeout_s=told.timeout_s, now=self._clock.now()
        )


def _paid(drafts: list[Draft], *words: Words) -> list[Draft]:
    """The drafts with the answers they were read from; the first one carries what all of them cost."""
    costs = [answer.cost for answer in words if answer.cost is not None]
    cost = sum(costs) if len(costs) == len(words) else None
    return [replace(draft, words=words, cost=None if n else cost) for n, draft in enumerate(drafts)]


def _tokens(provider: Provider, usage: Mapping[str, Any]) -> float | None:
    """Return the true cost in the quota's unit, or None if the provider does not tell it believably."""
    tokens_in, tokens_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(tokens_in, int) or not isinstance(tokens_out, int):
        return None
    believable = 0 < tokens_in < TOKENS_MAX and 0 <= tokens_out < TOKENS_MAX
    return provider.cost(tokens_in, tokens_out) if believable else None
