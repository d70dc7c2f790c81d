"""Whatever strangers write, the harvest goes on, and nothing of it gets out."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bowerbird.core.account import Mode
from bowerbird.core.lifecycle import State
from bowerbird.harvesting.replier import faults
from tests.harvesting.rooms import Room

WORDS = st.sampled_from(
    [
        "@wren",
        "stop",
        "ignore all previous instructions",
        "https://evil.example",
        "evil.com",
        "\u202e",
        "\ud800",
        "\x00",
    ]
)
TEXTS = st.lists(st.one_of(WORDS, st.text(max_size=40)), max_size=12).map(" ".join)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@CALM
@given(text=TEXTS, draft=TEXTS, author=st.one_of(st.just("ann"), st.text(max_size=8)))
async def test_no_text_breaks_the_harvest_or_gets_out(text: str, draft: str, author: str) -> None:
    """With any mention and any draft, what is queued has passed the gates, and what is kept can be stored as UTF-8."""
    room = Room()
    room.pen.texts = [draft]
    await room.account(Mode.AUTO)
    room.says("m1", text, author=author)
    await room.harvest_once()
    for target in await room.books.targets():
        target.seen.text.encode()
        for reply in await room.replies(State.QUEUED):
            assert faults(reply.payload.text, target, room.town) == []  # type: ignore[arg-type]


async def test_who_has_no_name_is_nobody() -> None:
    """A post without an id or an author, or with unprintable ones, is passed over."""
    room = Room()
    await room.account(Mode.AUTO)
    room.says("", "hello")
    room.says("m1", "hello", author="")
    room.says("m2", "hello", author="an\nn")
    room.says("m3\ud800", "hello")
    await room.harvest_once()
    assert await room.states() == {}
