"""The openings of posts, each true of every claim that its angle is true of.

Rules for a new one:

* A statement ends in a colon and leads into the claim; a question ends in a question mark and leads to code.
* It says nothing of the reader, of other people or of the writer that could be false.
* No two begin with the same three words: a reader who sees ten posts should not see one opening.
* Its id is its place, and learning counts by id: add at the end of a row, and never reuse a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How it sounds."""

    PLAIN = "plain"
    PLAYFUL = "playful"
    WARM = "warm"
    BRISK = "brisk"


class Mood(StrEnum):
    """Whether an opening states or asks."""

    STATEMENT = "statement"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Hook:
    """One opening: where it stands in the table, and its words."""

    id: str
    angle: str
    tone: Tone
    mood: Mood
    text: str


_TABLE: Mapping[str, Mapping[Tone, tuple[str, ...]]] = {
    "surprise": {
        Tone.PLAIN: (
            "Easy to overlook:",
            "This one can surprise:",
            "Worth a second look:",
            "What would you expect here?",
        ),
        Tone.PLAYFUL: (
            "Plot twist:",
            "One raised eyebrow, please:",
            "Curiouser and curiouser:",
            "Care to guess the output?",
        ),
        Tone.WARM: (
            "A gentle surprise:",
            "If this is new, enjoy it:",
            "One to smile at:",
            "Would you have guessed this one?",
        ),
        Tone.BRISK: ("Look twice:", "Not obvious:", "Small surprise:", "Your guess?"),
    },
    "save-time": {
        Tone.PLAIN: (
            "Less to write:",
            "The short way:",
            "A shortcut to keep:",
            "What comes out of this shortcut?",
        ),
        Tone.PLAYFUL: (
            "Lazy, in the good way:",
            "Shortcut spotted:",
            "More time for tea:",
            "Quick one: what comes out?",
        ),
        Tone.WARM: (
            "To save you a few minutes:",
            "Something to make it easier:",
            "A little help for busy days:",
            "Can you see what this does?",
        ),
        Tone.BRISK: ("Time saver:", "Do less:", "The quick way:", "Read it: what is printed?"),
    },
    "avoid-bug": {
        Tone.PLAIN: (
            "A slip that can be avoided:",
            "Good to know beforehand:",
            "One mistake fewer:",
            "What happens here?",
        ),
        Tone.PLAYFUL: (
            "Mind the gap:",
            "A trapdoor, signposted:",
            "Here be dragons, small ones:",
            "Safe or sorry: what comes out?",
        ),
        Tone.WARM: (
            "To spare you a puzzled evening:",
            "A kind word of warning:",
            "For your future self:",
            "Have a look: what will this do?",
        ),
        Tone.BRISK: ("Watch out:", "Careful here:", "Avoid the slip:", "Can you tell the result?"),
    },
    "show-code": {
        Tone.PLAIN: (
            "With an example:",
            "An example you can run:",
            "In code and in words:",
            "What does this print?",
        ),
        Tone.PLAYFUL: (
            "Show, don't tell:",
            "Exhibit A:",
            "Straight from the workbench:",
            "Play interpreter: what is printed?",
        ),
        Tone.WARM: (
            "Here is one to play with:",
            "Try this one yourself:",
            "A small example for you:",
            "Take your time: what does it print?",
        ),
        Tone.BRISK: ("Copy, run, see:", "See for yourself:", "Run this:", "Output?"),
    },
    "worth-knowing": {
        Tone.PLAIN: (
            "Worth knowing:",
            "Good to have at hand:",
            "A thing to remember:",
            "Do you know the result?",
        ),
        Tone.PLAYFUL: (
            "One for the collection:",
            "A shiny blue thing:",
            "Small treasure, freely given:",
            "Quiz time: what comes out?",
        ),
        Tone.WARM: (
            "In case it helps:",
            "Something small to pass on:",
            "Nice to know:",
            "Shall we work this one out?",
        ),
        Tone.BRISK: ("For the record:", "In short:", "Noted:", "Result?"),
    },
}

HOOKS: tuple[Hook, ...] = tuple(
    Hook(
        id=f"{angle}.{tone}.{place}",
        angle=angle,
        tone=tone,
        mood=Mood.QUESTION if text.endswith("?") else Mood.STATEMENT,
        text=text,
    )
    for angle, tones in _TABLE.items()
    for tone, texts in tones.items()
    for place, text in enumerate(texts, 1)
)
"""All openings, in the order of the table."""
