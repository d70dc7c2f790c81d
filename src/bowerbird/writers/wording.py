"""From a claim to words: a small grammar of openings, angles, tones and formats.

1. `wordings` lists every choice under which a claim fits into a limit; the caller picks one, by advice or chance.
2. `write` says what a choice stands for. The choice decides every character: the same one is the same post.

What the grammar promises:

* **True.** An opening stands only before a claim it is true of. "Careful here" needs a claim whose bank says that
  it avoids a bug; "An example you can run" needs code; "Worth knowing" is true of all.
* **Whole.** Code and output are never cut or altered. Where they do not fit, the choice is not offered.
* **Quiet.** No opening speaks of what others do not know, promises wonders or asks for a like.

Nothing here reads, waits or rolls dice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from bowerbird.core.errors import BadInput
from bowerbird.core.post import Choice
from bowerbird.writers.claims import Claim
from bowerbird.writers.hooks import HOOKS, Hook, Mood, Tone

ANYTHING = "worth-knowing"
"""The angle that is true of every claim."""

CODE = "show-code"
"""The angle that is true of every claim with code, in a format in which the code follows the opening."""

WRITER = "bank"
"""What `Choice.writer` says of these words."""


class Slot(StrEnum):
    """A paragraph of a post."""

    CLAIM = "claim"  # the opening and the claim
    ASK = "ask"  # a question that opens
    TEXT = "text"  # the claim without an opening
    CODE = "code"
    ANSWER = "answer"  # what the code prints, told as an answer
    SHOWN = "shown"  # the code and what it prints
    TURN = "turn"  # the word that leads to the next post of a thread
    LINK = "link"  # where to read on
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Format:
    """The paragraphs of each post, in order; more than one post is a thread."""

    posts: tuple[tuple[Slot, ...], ...]
    mood: Mood = Mood.STATEMENT

    @property
    def slots(self) -> frozenset[Slot]:
        """All paragraphs of all posts."""
        return frozenset(slot for post in self.posts for slot in post)

    @property
    def shows_code(self) -> bool:
        """Tell whether the code is part of it."""
        return not self.slots.isdisjoint({Slot.CODE, Slot.SHOWN})

    @property
    def leads_to_code(self) -> bool:
        """Tell whether the code comes after the opening, so that the opening may announce it."""
        return self.shows_code and self.posts[0][0] is not Slot.SHOWN


FORMATS: Mapping[str, Format] = {
    "claim-first": Format(((Slot.CLAIM, Slot.SHOWN, Slot.TAGS),)),
    "code-first": Format(((Slot.SHOWN, Slot.CLAIM),)),
    "question": Format(((Slot.ASK, Slot.CODE, Slot.ANSWER, Slot.TEXT),), Mood.QUESTION),
    "thread": Format(((Slot.CLAIM, Slot.TURN), (Slot.SHOWN, Slot.LINK, Slot.TAGS))),
    "read-more": Format(((Slot.CLAIM, Slot.LINK, Slot.TAGS),)),
    "claim-only": Format(((Slot.CLAIM, Slot.TAGS),)),
}


@dataclass(frozen=True, slots=True)
class Voice:
    """How a tone leads to the output, the answer, the next post and the source."""

    output: str
    answer: str
    turn: str
    link: str


VOICES: Mapping[Tone, Voice] = {
    Tone.PLAIN: Voice("→", "Answer:", "An example follows.", "More:"),
    Tone.PLAYFUL: Voice("Out comes:", "Drum roll:", "Proof below ↓", "The fine print:"),
    Tone.WARM: Voice("It prints:", "And the answer:", "An example is just below.", "To read on:"),
    Tone.BRISK: Voice("=>", "=>", "Example ↓", "Source:"),
}

_HOOKS: Mapping[str, Hook] = {hook.id: hook for hook in HOOKS}


def wordings(claim: Claim, *, limit: int, length: Callable[[str], int]) -> list[Choice]:
    """Return every choice under which each post of this claim fits, always in the same order.

    Args:
        claim: what is to be said.
        limit: the longest a post may be, in the unit of `length` (graphemes on Bluesky).
        length: measures a text as the platform does.
    """
    return [choice for choice in choices(claim) if _fits(write(claim, choice), limit, length)]


def write(claim: Claim, choice: Choice) -> tuple[str, ...]:
    """Return the posts of this choice: one text, or the parts of a thread.

    Raises `BadInput` if the choice names what this grammar does not have, or what is not true of this claim.
    """
    form, hook = FORMATS.get(choice.format), _HOOKS.get(choice.hook)
    if form is None or hook is None:
        raise BadInput(f"there is no wording {choice.format!r} with the opening {choice.hook!r}")
    if (hook.angle, hook.tone) != (choice.angle, choice.tone) or not _suits(claim, hook, choice.format):
        raise BadInput(f"the opening {hook.id!r} does not go with {choice.format!r} and the claim {claim.id!r}")
    return tuple(_post(claim, hook, slots) for slots in form.posts)


def choices(claim: Claim) -> Iterator[Choice]:
    """Yield every choice that is true of a claim, whether or not it fits somewhere."""
    for hook, name in product(HOOKS, FORMATS):
        if _suits(claim, hook, name):
            yield Choice(
                topic=claim.topic,
                angle=hook.angle,
                tone=str(hook.tone),
                format=name,
                hook=hook.id,
                claim_id=claim.id,
                evidence=claim.evidence,
                writer=WRITER,
            )


def _suits(claim: Claim, hook: Hook, name: str) -> bool:
    """Tell whether this opening is true of the claim, and this format has all it needs.

    1. The angle: of anything, of code that follows, or as the bank says.
    2. The mood: a question opens the format that answers it, and no other.
    3. The material: code, output and link are there if the format carries them.
    4. A claim with code is never posted bare: without its code it goes with the link.
    """
    form = FORMATS[name]
    angles = {ANYTHING, *claim.angles, *([CODE] if claim.code and form.leads_to_code else [])}
    material = (
        (bool(claim.code) or not form.shows_code)
        and (bool(claim.output) or Slot.ANSWER not in form.slots)
        and (bool(claim.link) or name != "read-more")
        and (not claim.code or name != "claim-only")
    )
    return hook.angle in angles and hook.mood is form.mood and material


def _fits(posts: tuple[str, ...], limit: int, length: Callable[[str], int]) -> bool:
    return all(post.strip() and length(post) <= limit for post in posts)


def _post(claim: Claim, hook: Hook, slots: tuple[Slot, ...]) -> str:
    paragraphs = (_paragraph(slot, claim, hook) for slot in slots)
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _paragraph(slot: Slot, claim: Claim, hook: Hook) -> str:
    voice = VOICES[hook.tone]
    return {
        Slot.CLAIM: f"{hook.text} {claim.text}",
        Slot.ASK: hook.text,
        Slot.TEXT: claim.text,
        Slot.CODE: claim.code,
        Slot.ANSWER: _led(voice.answer, claim.output),
        Slot.SHOWN: "\n".join(filter(None, (claim.code, _led(voice.output, claim.output)))),
        Slot.TURN: voice.turn,
        Slot.LINK: _led(voice.link, claim.link),
        Slot.TAGS: " ".join(f"#{tag}" for tag in claim.tags),
    }[slot]


def _led(lead: str, text: str) -> str:
    """Return the text behind its lead, on a line of its own where it has several."""
    return f"{lead}{chr(10) if chr(10) in text else ' '}{text}" if text else ""
