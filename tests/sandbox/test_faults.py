"""Each fault does what it says, and nothing else."""

import httpx
import pytest

from bowerbird.clock import VirtualClock
from bowerbird.sandbox.faults import FAULTS_MAX, Faults, Kind, On


async def arm(client: httpx.AsyncClient, **fault: object) -> None:
    """Arm a fault."""
    assert (await client.post("/api/faults", json=fault)).status_code == 201


async def say(client: httpx.AsyncClient, text: str, key: str = "k") -> httpx.Response:
    """Post a text under a key."""
    return await client.post("/api/posts", json={"text": text}, headers={"idempotency-key": key})


async def accepted(client: httpx.AsyncClient, handle: str) -> int:
    """Return how many posts of this account the judges know."""
    return int((await client.get("/api/truth")).json()["accounts"][handle]["accepted"])


async def test_a_dropped_answer_is_a_post_nobody_was_told_of(wren: httpx.AsyncClient) -> None:
    """The connection breaks, the post stands, and its key finds it."""
    await arm(wren, kind="drop_answer")
    with pytest.raises(httpx.ReadError):
        await say(wren, "Heard?")
    assert (await wren.get("/api/posts/by-key/k")).json()["text"] == "Heard?"
    assert (await say(wren, "Heard?")).status_code == 200


async def test_an_answer_is_dropped_only_when_it_accepted_something(wren: httpx.AsyncClient) -> None:
    """A refusal goes through, and the fault stays armed for the next post."""
    await arm(wren, kind="drop_answer")
    assert (await say(wren, "")).status_code == 422
    with pytest.raises(httpx.ReadError):
        await say(wren, "Now.")
    assert await accepted(wren, "wren") == 1


async def test_a_connection_dropped_before_has_accepted_nothing(wren: httpx.AsyncClient) -> None:
    """The client cannot tell it from a dropped answer; the journal can."""
    await arm(wren, kind="drop_before")
    with pytest.raises(httpx.ReadError):
        await say(wren, "Lost.")
    assert await accepted(wren, "wren") == 0


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500)])
async def test_a_refusal_hits_as_often_as_it_was_armed(wren: httpx.AsyncClient, kind: str, status: int) -> None:
    """Twice here, then all is well."""
    await arm(wren, kind=kind, count=2, delay_s=7)
    answers = [await say(wren, "Again.") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 201]
    assert answers[0].headers.get("retry-after") == ("7" if kind == "429" else None)


async def test_a_timed_fault_ends_with_its_time(wren: httpx.AsyncClient, clock: VirtualClock) -> None:
    """However many requests it met."""
    await arm(wren, kind="500", for_s=10)
    assert [(await say(wren, "Hm.")).status_code for _ in range(3)] == [500] * 3
    clock.advance(10)
    assert (await say(wren, "Ah.")).status_code == 201


async def test_a_slow_network_takes_its_time(wren: httpx.AsyncClient, clock: VirtualClock) -> None:
    """And then answers as always."""
    await arm(wren, kind="slow", delay_s=5)
    began = clock.monotonic()
    assert (await say(wren, "Slowly.")).status_code == 201
    assert clock.monotonic() - began == 5


async def test_a_fault_of_one_account_spares_the_others(wren: httpx.AsyncClient, robin: httpx.AsyncClient) -> None:
    """Reads go on as well, unless the fault is for them."""
    await arm(wren, kind="500", account="robin", count=9)
    assert (await say(wren, "Fine.")).status_code == 201
    assert (await robin.get("/api/me")).status_code == 200
    assert (await say(robin, "Not fine.")).status_code == 500
    await arm(wren, kind="500", account="robin", on="read")
    assert (await robin.get("/api/me")).status_code == 500


async def test_a_late_post_is_seen_by_its_id_alone(wren: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Timeline, search and looking by key have it when its time has come."""
    await arm(wren, kind="late", delay_s=30)
    made = (await say(wren, "Late bird.")).json()["id"]
    paths = ("/api/accounts/wren/posts", "/api/search?q=late+bird")
    assert [(await wren.get(path)).json()["posts"] for path in paths] == [[], []]
    assert (await wren.get("/api/posts/by-key/k")).status_code == 404
    assert (await wren.get(f"/api/posts/{made}")).status_code == 200
    clock.advance(30)
    assert [len((await wren.get(path)).json()["posts"]) for path in paths] == [1, 1]
    assert (await wren.get("/api/posts/by-key/k")).json()["id"] == made


async def test_a_late_post_still_holds_its_key(wren: httpx.AsyncClient) -> None:
    """So the same key does not make a second one."""
    await arm(wren, kind="late", delay_s=30)
    first = await say(wren, "Late bird.")
    assert (await say(wren, "Late bird.")).json()["id"] == first.json()["id"]


async def test_a_revoked_session_has_expired(wren: httpx.AsyncClient, robin: httpx.AsyncClient) -> None:
    """Of that account alone."""
    await arm(wren, kind="session_revoked", account="wren")
    assert (await wren.get("/api/me")).json()["error"] == "session_expired"
    assert (await robin.get("/api/me")).status_code == 200


async def test_the_platform_can_take_a_post_away(wren: httpx.AsyncClient) -> None:
    """Then it is gone, though its author never deleted it."""
    made = (await say(wren, "Rude.")).json()["id"]
    await arm(wren, kind="remove_post", post=made)
    assert (await wren.get(f"/api/posts/{made}")).json()["error"] == "gone"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "earthquake"},
        {"kind": "500", "account": "nobody"},
        {"kind": "500", "count": -1},
        {"kind": "variant", "variant": "v9"},
        {"kind": "500", "on": "tuesday"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(guest: httpx.AsyncClient, fault: dict[str, object]) -> None:
    """With a sentence that says what would."""
    answer = await guest.post("/api/faults", json=fault)
    assert answer.status_code == 400
    assert (await guest.get("/api/faults")).json()["faults"] == []


async def test_faults_are_listed_and_cleared(guest: httpx.AsyncClient) -> None:
    """For whoever wonders why nothing works."""
    await arm(guest, kind="500", count=3)
    (listed,) = (await guest.get("/api/faults")).json()["faults"]
    assert (listed["kind"], listed["left"], listed["on"]) == ("500", 3, "write")
    await guest.delete("/api/faults")
    assert (await guest.get("/api/faults")).json()["faults"] == []


def test_there_is_an_end_to_trouble(clock: VirtualClock) -> None:
    """The oldest faults give way when too many are armed."""
    faults = Faults(clock.now)
    for _ in range(FAULTS_MAX + 5):
        faults.arm(Kind.BROKEN, on=On.READ)
    assert len(faults.active()) == FAULTS_MAX
    assert faults.active()[0].id == 6


async def test_the_truth_tells_doubles_from_answers(wren: httpx.AsyncClient, robin: httpx.AsyncClient) -> None:
    """The same words twice are a double, under two different posts they are not, and a deleted one is none."""
    heads = [(await say(wren, f"Head {n}.", f"h{n}")).json()["id"] for n in range(2)]
    for head in heads:
        await robin.post("/api/posts", json={"text": "Thanks!", "reply_to": head})
    twice = [(await say(robin, "Twice.")).json()["id"] for _ in range(2)]
    robins = (await robin.get("/api/truth")).json()["accounts"]["robin"]
    assert robins == {"accepted": 4, "removed": 0, "duplicates": 1, "same_text": 2, "same_key": 1}
    await robin.delete(f"/api/posts/{twice[1]}")
    assert (await robin.get("/api/truth")).json()["duplicates"] == 0


async def test_the_journal_is_read_in_pages(wren: httpx.AsyncClient) -> None:
    """Each accepted post stands in it with its client key, also where keys mean nothing."""
    await say(wren, "For the record.", "key-1")
    page = (await wren.get("/api/journal?after=0&limit=3")).json()
    assert [record["kind"] for record in page["records"]] == ["world", "account", "account"]
    rest = (await wren.get(f"/api/journal?after={page['next']}")).json()["records"]
    (kept,) = [record for record in rest if record["kind"] == "post" and record["account"] == "wren"]
    assert (kept["text"], kept["key"], kept["parent"]) == ("For the record.", "key-1", None)


@pytest.mark.parametrize("trap", ["loop", "leak"])
async def test_a_page_with_a_trap_brings_its_script(wren: httpx.AsyncClient, trap: str) -> None:
    """For whom it is armed, and as often."""
    await arm(wren, kind=trap, on="read", account="wren")
    pages = [(await wren.get("/home")).text for _ in range(2)]
    assert [f'src="/static/{trap}.js"' in page for page in pages] == [True, False]
    assert (await wren.get(f"/static/{trap}.js")).status_code == 200
    assert (await wren.get("/static/other.js")).status_code == 404


async def test_a_search_can_find_nothing_though_the_page_knows_us(wren: httpx.AsyncClient) -> None:
    """It answers 200 and says that it is empty, as without a session."""
    await say(wren, "Something to find.")
    assert "Something to find." in (await wren.get("/search?q=something")).text
    await arm(wren, kind="empty", on="read", for_s=60)
    page = await wren.get("/search?q=something")
    assert page.status_code == 200
    assert "Something to find." not in page.text
    assert "Account menu" in page.text
