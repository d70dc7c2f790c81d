"""An account comes in by the page: who it is stands there before it is one, and its password stands nowhere."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bowerbird.app.doorstep import Doorstep, changes
from bowerbird.app.verbs import verbs_of
from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account, HoldKind, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput, PlatformError, SignedOut, Unreachable
from bowerbird.core.newcomer import NEWCOMER, newcomer_of
from bowerbird.core.ports import Identity
from bowerbird.core.work import Command
from bowerbird.settings import Settings, load
from bowerbird.storage.memory import MemoryStorage

PASSWORD = "abcd-efgh-ijkl-mnop"
WHO = Identity(id="did:plc:wren", handle="wren.test", followers=7, name="Wren")
ID = "bluesky:wren.test"


class Porch:
    """A doorstep, and a platform that knows one password."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.books, self.rung = VirtualClock(), MemoryStorage(), list[str]()
        self.asked: list[Account] = []
        self.fails: PlatformError | None = None
        settings = load(env={}, data__folder=str(folder))
        self.step = Doorstep(self.books, self.clock, settings, self.rung.append, self.ask)

    async def ask(
        self, settings: Settings, account: Account, password: str, *, within_s: float
    ) -> tuple[Identity, Mapping[str, str]]:
        """Who that is."""
        self.asked.append(account)
        if self.fails is not None or password != PASSWORD:
            raise self.fails or SignedOut("Bluesky refuses the handle or the app password.")
        return WHO, {"password": password, "session": "tokens"}

    async def press(self, verb: str, **args: Any) -> str:
        """Press a button, with what the face puts into the safe."""
        if password := args.pop("password", ""):
            await self.books.save_secret("c1", "password", password)
        return await self.step.table()[verb](Command(id="c1", verb=verb, args=args, by="ann", asked_at=0))

    async def newcomer(self) -> str:
        """Who waits for a yes."""
        found = newcomer_of(await self.books.snapshot(NEWCOMER))
        return f"{found.name} {found.handle} {found.followers}" if found else ""


@pytest.fixture
def porch(tmp_path: Path) -> Porch:
    """Nobody is known yet."""
    return Porch(tmp_path)


async def test_who_it_is_stands_there_before_it_is_an_account(porch: Porch) -> None:
    """As the platform says it; nothing could be sent, for there is no account."""
    said = await porch.press("introduce", handle="@Wren.Test ", password=PASSWORD)
    assert "says that this is Wren. Is it you?" in said
    assert await porch.newcomer() == "Wren wren.test 7"
    assert await porch.books.accounts() == []
    assert [account.handle for account in porch.asked] == ["wren.test"]


async def test_a_yes_makes_the_account_and_leaves_it_held(porch: Porch) -> None:
    """With its secrets, which are nowhere else any more, and asked to connect at once."""
    await porch.press("introduce", handle="wren.test", password=PASSWORD)
    assert "wren.test is connected" in await porch.press("welcome", who=WHO.id)
    (account,) = await porch.books.accounts()
    assert (account.id, account.mode, account.followers, account.rehearsal) == (ID, Mode.ASK, 7, False)
    assert [hold.kind for hold in await porch.books.holds(now=0)] == [HoldKind.UNATTESTED]
    assert await porch.books.load_secret(ID, "password") == PASSWORD
    assert porch.books.books.secrets.keys() == {(ID, "password"), (ID, "session")}
    assert (await porch.newcomer(), porch.rung) == ("", ["connect"])


async def test_a_no_forgets_everything(porch: Porch) -> None:
    """The session that was opened, too."""
    await porch.press("introduce", handle="wren.test", password=PASSWORD)
    assert "forgotten" in await porch.press("decline", who=WHO.id)
    assert (porch.books.books.secrets, await porch.newcomer(), await porch.books.accounts()) == ({}, "", [])


async def test_what_was_answered_is_what_was_shown(porch: Porch) -> None:
    """A yes to somebody else, or to nobody, makes nothing."""
    for verb in ("welcome", "decline"):
        with pytest.raises(BadInput, match="nobody of that name waits"):
            await porch.press(verb, who=WHO.id)
    await porch.press("introduce", handle="wren.test", password=PASSWORD)
    with pytest.raises(BadInput, match="nobody of that name waits"):
        await porch.press("welcome", who="did:plc:finch")
    assert await porch.books.accounts() == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"handle": "wren.test", "password": "wrong"}, "refuses the handle or the app password.*four groups of four"),
        ({"handle": "wren.test"}, "type the app password"),
        ({"handle": "", "password": PASSWORD}, "an empty word is no handle"),
        ({"handle": "wren", "password": PASSWORD}, "wren is no handle; it is written like"),
        ({"handle": "wren@mail.test", "password": PASSWORD}, "is no handle"),
        ({"handle": "wren.test", "password": PASSWORD, "url": "ftp://x"}, "no server's address"),
        ({"handle": "wren.test", "password": PASSWORD, "platform": "mastodon"}, "not connected on this page"),
    ],
)
async def test_what_cannot_be_is_a_sentence_and_leaves_no_password(porch: Porch, fields: Any, why: str) -> None:
    """Not even in the safe."""
    with pytest.raises(BadInput, match=why):
        await porch.press("introduce", **fields)
    assert (porch.books.books.secrets, await porch.newcomer()) == ({}, "")


async def test_a_platform_that_is_away_is_said_so(porch: Porch) -> None:
    """With the remedy; nothing was kept."""
    porch.fails = Unreachable("Bluesky could not be reached (ConnectError).")
    with pytest.raises(BadInput, match=r"could not be reached \(ConnectError\). Nothing was kept; try again"):
        await porch.press("introduce", handle="wren.test", password=PASSWORD)
    assert porch.books.books.secrets == {}


async def test_connecting_anew_keeps_what_was_chosen_and_attested(porch: Porch) -> None:
    """Only the password, and when it was connected, are other ones."""
    chosen = Account(
        id=ID, platform="bluesky", handle="wren.test", mode=Mode.VETO, labelled=True, operator="Ann", created_at=-5
    )
    await porch.books.record(Batch(accounts=(chosen,)))
    await porch.press("introduce", handle="wren.test", password=PASSWORD)
    await porch.press("welcome", who=WHO.id)
    (account,) = await porch.books.accounts()
    assert (account.mode, account.operator, account.created_at) == (Mode.VETO, "Ann", porch.clock.now())
    assert await porch.books.holds(now=0) == []


async def test_an_accounts_own_settings_are_changed_with_a_fact(porch: Porch) -> None:
    """Only what was given; the plan is made at once."""
    await porch.books.record(Batch(accounts=(Account(id=ID, platform="bluesky", handle="wren.test", every_s=9.0),)))
    given = {"mode": "veto", "slots": "08:15, 18:40", "zone": "Europe/Berlin", "day_max": "5"}
    assert "from now on" in await porch.press("account_set", account_id=ID, **given)
    (account,) = await porch.books.accounts()
    assert (account.mode, account.slots, account.zone) == (Mode.VETO, ("08:15", "18:40"), "Europe/Berlin")
    assert (account.posts_per_day_max, account.posts_per_hour_max, account.every_s) == (5, 4, None)
    (fact,) = await porch.books.facts(kinds=("account_changed",))
    assert fact.data == {**given, "person": "ann"}
    assert porch.rung == ["plan"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"mode": "never"}, "never is no way of approving; it is one of ask"),
        ({"hour_max": "0"}, "it must be at least 1"),
        ({"day_max": "many"}, "it must be a whole number"),
        ({"slots": "25:00"}, "no time of day"),
        ({"zone": "Europe/Nowhere"}, "there is no time zone"),
        ({"account_id": "none"}, "there is no account 'none'"),
    ],
)
async def test_a_setting_that_cannot_be_changes_nothing(porch: Porch, fields: Any, why: str) -> None:
    """And says how it is written."""
    before = Account(id=ID, platform="bluesky", handle="wren.test")
    await porch.books.record(Batch(accounts=(before,)))
    with pytest.raises(BadInput, match=why):
        await porch.press("account_set", **{"account_id": ID, **fields})
    assert await porch.books.accounts() == [before]


def test_what_is_left_empty_stays() -> None:
    """Only fields with something in them change anything."""
    assert changes({"mode": "", "slots": " ", "zone": "UTC"}) == {"zone": "UTC"}


async def test_nobody_attests_while_nobody_would_be_told() -> None:
    """A channel that took a test, or the word none, comes first; a rehearsal is free."""
    books, clock = MemoryStorage(), VirtualClock()
    real = Account(id=ID, platform="bluesky", handle="wren.test")
    await books.record(Batch(accounts=(real, replace(real, id="sandbox:wren", platform="sandbox", rehearsal=True))))

    def attest(channels: dict[str, str], account_id: str = ID) -> Any:
        verbs = verbs_of(books, {}, clock, SeededChance(1), late_s=60, channels=channels)
        args = {"account_id": account_id, "operator": "Ann"}
        return verbs["attest"](Command(id="c", verb="attest", args=args, by="ann", asked_at=0))

    with pytest.raises(BadInput, match="nobody would learn that something broke"):
        await attest({})
    assert not (await books.accounts())[0].labelled
    assert "may post" in await attest({}, "sandbox:wren")
    assert "run by Ann" in await attest({"none": ""})
