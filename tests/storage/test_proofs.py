"""A proof in the spool: the books break between the send and its record, and no post is ever doubted or sent again."""

from pathlib import Path

import pytest

from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Absent, Look
from bowerbird.core.post import Post, RemoteRef
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from bowerbird.storage.spooled import SpooledStorage
from tests.posting.room import ACCOUNT, Hands, Told, post, thread
from tests.storage.test_spooled import opened


class Town:
    """A platform without keys that shows nothing, so that a look could only lead to a second post."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Nobody has looked yet."""
        self.clock, self.looks = Hands(), 0
        self.platform = Told(fate=self.arrive, look=self.look)
        patch.setattr(failpoints, "armed", None)

    def arrive(self, sent: Post) -> RemoteRef:
        """Take the post, and break the books before the answer is back."""
        failpoints.armed = Failpoints("storage.write=raise")
        return RemoteRef(id=f"r-{sent.id}", url=f"https://there/{sent.id}")

    def look(self, _: Post) -> Look:
        """See nothing."""
        self.looks += 1
        return Absent()

    async def publish(self, books: SpooledStorage) -> None:
        """One post leaves."""
        await Publisher(books, {ACCOUNT.id: self.platform}, self.clock, "boot").publish_once()

    async def settle(self, books: SpooledStorage, owner: str = "boot") -> None:
        """Settle whatever is in doubt, long after every attempt is over."""
        self.clock.pass_s(600)
        while await Reconciler(books, {ACCOUNT.id: self.platform}, self.clock, owner).settle_once():
            pass


@pytest.mark.proves("3.3", "4.4")
@pytest.mark.parametrize("dies", [False, True])
async def test_a_proof_settles_a_post_that_no_look_could(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """The books open again, for the same process or for the next one: published, sent once, looked for never."""
    town = Town(monkeypatch)
    books = await opened(tmp_path, clock=town.clock)
    await books.record(Batch(accounts=(ACCOUNT,), new_posts=(post(),)))
    await town.publish(books)
    failpoints.armed = None
    if dies:
        await books.close()
        books = await opened(tmp_path, clock=town.clock)
    await town.settle(books, "boot" if not dies else "boot-2")
    settled = await books.post("p1")
    assert settled is not None
    assert (settled.state, settled.remote) == (State.PUBLISHED, RemoteRef(id="r-p1", url="https://there/p1"))
    assert (len(town.platform.sent), town.looks) == (1, 0)
    await books.close()


async def test_the_rest_of_a_thread_hangs_on_its_proved_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head was proved through the spool; the next part goes out under it."""
    town = Town(monkeypatch)
    books = await opened(tmp_path, clock=town.clock)
    await books.record(Batch(accounts=(ACCOUNT,), new_posts=tuple(thread())))
    await town.publish(books)
    failpoints.armed = None
    await books.replay_once()
    await town.publish(books)
    failpoints.armed = None
    assert [sent[1].split("|")[1] for sent in town.platform.sent] == ["", "r-" + thread()[0].id]
    await books.close()
