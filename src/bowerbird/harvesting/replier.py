"""Draft a short answer to somebody who addressed us.

Their text is data. It chooses a topic and is shown to the writer as what it is; whatever comes back must pass the
gates of a text written without a person, must not repeat what they said, and must not speak of our own orders.
Where no writer has an answer that passes, we thank them; and where we have said that lately, we are silent: the same
thanks under every post are spam, however kindly meant.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, replace

import regex

from bowerbird.core.errors import WriterError
from bowerbird.core.findings import Target
from bowerbird.core.keeping import Words
from bowerbird.core.ports import Brief, Draft, Platform, Writer
from bowerbird.core.post import Choice
from bowerbird.core.review import review
from bowerbird.core.text import folded
from bowerbird.harvesting.targets import about

ECHO_WORDS = 7
"""So many words of theirs in a row in our answer are an echo: somebody makes us say something."""

_BARE = regex.compile(
    r"(?:\bwww\.|\b[a-z0-9-]+\.(?:com|net|org|info|biz|co|xyz|link|shop|top|site|online|app|dev|ru|cn|tk)\b)",
    regex.IGNORECASE,
)
_NAMED = regex.compile(r"(?<!\w)@([\w.-]+)")
_ORDERS = (
    "their_post", "reply_to", "system prompt", "my prompt", "my instructions", "these instructions",
    "previous instructions", "system message", "as an ai", "language model",
)  # fmt: skip

THANKS = (
    "Thank you! Good to hear from you.",
    "Thanks for writing, that made our day.",
    "Thank you for the kind word.",
    "Thanks a lot for saying so!",
    "Much appreciated, thank you.",
    "Thanks! Glad that you stopped by.",
)
UNSURE = (
    "Good question! We have nothing checked to say on it yet, so we would rather not guess.",
    "Thanks for asking. We only say what we have checked, and this is not among it yet.",
    "A fair question, thank you. We have no checked answer to it.",
    "Thank you, we do not know that for sure, and a wrong answer would help nobody.",
)
COURTESIES = frozenset((*THANKS, *UNSURE))
"""What we say where we have nothing to say."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that passed.

    Args:
        cost: dollars spent on it; None where it is unknown.
        told: why other writers and other drafts were not taken, in sentences.
        words: the paid answers it was read from.
    """

    text: str
    choice: Choice
    cost: float | None = 0.0
    told: tuple[str, ...] = ()
    words: tuple[Words, ...] = ()


@dataclass
class Replier:
    """Writes answers.

    Args:
        writer: is asked with `Brief.reply_to`; a bank that knows nothing about it gives no draft.
    """

    writer: Writer
    rng: random.Random

    async def draft(
        self,
        target: Target,
        platform: Platform,
        *,
        brief_id: str,
        avoid: Collection[str] = (),
        courtesy: bool = True,
    ) -> list[Reply]:
        """Return the answers that pass, best first; none if there is nothing new to say.

        1. Ask the writer, if they asked anything or spoke of one of its topics.
        2. Append thanks, or for a question an honest "not yet", where a `courtesy` is still welcome.
        3. Let pass what holds to the rules for answers and was not said lately (`avoid`).
        """
        drafts, told = await self._ask(target, platform, brief_id)
        replies = [self._reply(draft, target) for draft in drafts if len(draft.texts) == 1]
        wrong = {reply.text: faults(reply.text, target, platform) for reply in replies}
        told += [f"a draft was turned away: {', '.join(codes)}" for codes in wrong.values() if codes]
        passing = [reply for reply in replies if not wrong[reply.text]]
        thanks = [self._courtesy(target, text) for text in self._courtesies(target)] if courtesy else []
        passing += [reply for reply in thanks if not faults(reply.text, target, platform)]
        said = {folded(text) for text in avoid}
        return [replace(reply, told=(*told, *reply.told)) for reply in passing if folded(reply.text) not in said]

    async def _ask(self, target: Target, platform: Platform, brief_id: str) -> tuple[list[Draft], list[str]]:
        topics = {cell.topic for cell in self.writer.cells() if cell.topic}
        wants = Choice(topic=about(target.seen.text, topics))
        if "?" not in target.seen.text and not wants.topic:  # a remark, not a question: thanks will do
            return [], []
        limits = platform.capabilities
        brief = Brief(
            id=brief_id, account_id=target.account_id, wants=wants, text_max=limits.text_max,
            bytes_max=limits.bytes_max, reply_to=target.seen.text, reply_author=target.seen.author,
        )  # fmt: skip
        try:
            return await self.writer.draft(brief), []
        except WriterError as error:
            return [], [str(error)]

    def _reply(self, draft: Draft, target: Target) -> Reply:
        because = f"{target.because} Answered from {draft.choice.evidence or draft.choice.writer}."
        choice = replace(draft.choice, because=because, slot="", propensity=None)
        return Reply(draft.texts[0].strip(), choice, draft.cost, draft.fell_back, draft.words)

    def _courtesies(self, target: Target) -> list[str]:
        texts = list(UNSURE if "?" in target.seen.text else THANKS)
        self.rng.shuffle(texts)
        return texts

    def _courtesy(self, target: Target, text: str) -> Reply:
        return Reply(text, Choice(writer="bank", because=f"{target.because} Nothing better to say than thanks."))


def faults(text: str, target: Target, platform: Platform) -> list[str]:
    """Everything that forbids to send this text as an answer without a person, as codes; empty if it may go."""
    limits = platform.capabilities
    found = review(
        [text], length=platform.length, text_max=limits.text_max, bytes_max=limits.bytes_max,
        reply_author=target.seen.author,
    )  # fmt: skip
    codes = [rejection.code for rejection in found]
    if _BARE.search(_NAMED.sub(" ", text)):
        codes.append("reply_link")
    if {name.casefold().rstrip(".") for name in _NAMED.findall(text)} - {target.seen.author.casefold().lstrip("@")}:
        codes.append("reply_mention")
    if any(order in folded(text) for order in _ORDERS):
        codes.append("reply_orders")
    if _echoes(text, target.seen.text):
        codes.append("reply_echo")
    return codes


def _echoes(ours: str, theirs: str) -> bool:
    mine, yours = folded(ours).split(), folded(theirs).split()
    runs = {tuple(yours[n : n + ECHO_WORDS]) for n in range(len(yours) - ECHO_WORDS + 1)}
    return any(tuple(mine[n : n + ECHO_WORDS]) in runs for n in range(len(mine) - ECHO_WORDS + 1))
