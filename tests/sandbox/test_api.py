"""The JSON door: sessions, posts, keys, looking, limits."""

import asyncio
import base64

import httpx
import pytest

from bowerbird.clock import VirtualClock

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()


async def post(client: httpx.AsyncClient, text: str, key: str | None = None, **more: object) -> httpx.Response:
    """Post a text."""
    headers = {"idempotency-key": key} if key else {}
    return await client.post("/api/posts", json={"text": text, **more}, headers=headers)


async def test_a_wrong_password_is_refused(guest: httpx.AsyncClient) -> None:
    """It says so with its own code, which is not that of an expired session."""
    answer = await guest.post("/api/sessions", json={"handle": "wren", "password": "no"})
    assert (answer.status_code, answer.json()["error"]) == (401, "wrong_password")


async def test_a_token_ends_when_its_time_is_over(guest: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Before that it works, afterwards it is an expired session."""
    asked = {"handle": "wren", "password": "wren-pass", "stays_s": 60}
    token = (await guest.post("/api/sessions", json=asked)).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await guest.get("/api/me", headers=headers)).status_code == 200
    clock.advance(60)
    answer = await guest.get("/api/me", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "session_expired")


async def test_signing_out_ends_the_session(wren: httpx.AsyncClient) -> None:
    """The same token is not taken again."""
    await wren.delete("/api/sessions")
    assert (await wren.get("/api/me")).status_code == 401


async def test_a_post_can_be_read_again(wren: httpx.AsyncClient) -> None:
    """By its id, with its key for its author, and on the account's timeline."""
    made = await post(wren, "Counter counts.", "k1")
    assert made.status_code == 201
    found = (await wren.get(f"/api/posts/{made.json()['id']}")).json()
    assert (found["text"], found["account"], found["key"]) == ("Counter counts.", "wren", "k1")
    listed = (await wren.get("/api/accounts/wren/posts")).json()["posts"]
    assert [row["id"] for row in listed] == [made.json()["id"]]


async def test_the_same_key_eight_times_at_once_is_one_post(wren: httpx.AsyncClient) -> None:
    """One answer is 201, the others are 200, all with the same id."""
    answers = await asyncio.gather(*(post(wren, "Once.", "k1") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_hour_account_forgets_the_key_after_an_hour(finch: httpx.AsyncClient, clock: VirtualClock) -> None:
    """An hour of the sandbox, which is a minute of the wall; /api/me says how long."""
    first = (await post(finch, "Tick.", "k1")).json()["id"]
    keyed_for_s = (await finch.get("/api/me")).json()["keyed_for_s"]
    assert keyed_for_s == 60
    clock.advance(59)
    assert (await post(finch, "Tick.", "k1")).json()["id"] == first
    clock.advance(2)
    assert (await finch.get("/api/posts/by-key/k1")).status_code == 404
    assert (await post(finch, "Tick.", "k1")).json()["id"] != first


async def test_a_keyless_account_ignores_keys(robin: httpx.AsyncClient) -> None:
    """Two posts come of it; no key is shown, and there is no looking by key."""
    first, second = [(await post(robin, "Twice.", "k1")).json() for _ in range(2)]
    assert first["id"] != second["id"]
    assert "key" not in first
    assert (await robin.get("/api/posts/by-key/k1")).json()["error"] == "not_keyed"


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), (" \n", "empty"), ("x" * 301, "too_long"), ("👩‍👩‍👧" * 301, "too_long")]
)
async def test_a_text_that_does_not_fit_is_refused(wren: httpx.AsyncClient, text: str, code: str) -> None:
    """Characters are counted as people see them."""
    answer = await post(wren, text)
    assert (answer.status_code, answer.json()["error"]) == (422, code)


async def test_three_hundred_families_fit(wren: httpx.AsyncClient) -> None:
    """A family of three is one character."""
    assert (await post(wren, "👩‍👩‍👧" * 300)).status_code == 201


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"text": 3}', b'{"text": "\\ud800"}', b'{"text":"x","link":"ftp://x"}']
)
async def test_a_request_that_cannot_be_read_is_refused(wren: httpx.AsyncClient, body: bytes) -> None:
    """With 400, and nothing is posted."""
    assert (await wren.post("/api/posts", content=body)).status_code == 400
    assert (await wren.get("/api/accounts/wren/posts")).json()["posts"] == []


async def test_a_body_beyond_the_bound_is_refused(wren: httpx.AsyncClient) -> None:
    """Eight megabytes are enough for everybody."""
    answer = await wren.post("/api/posts", content=b"x" * (8 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


async def test_deleting_twice_is_deleting_once(wren: httpx.AsyncClient) -> None:
    """Afterwards the post is gone, also from the counts."""
    made = (await post(wren, "Oops.")).json()["id"]
    assert [(await wren.delete(f"/api/posts/{made}")).status_code for _ in range(2)] == [200, 200]
    assert (await wren.get(f"/api/posts/{made}")).json()["error"] == "gone"
    assert (await wren.get(f"/api/posts/counts?ids={made},1")).json()["counts"] == {
        made: {"gone": True},
        "1": {"gone": True},
    }


async def test_nobody_deletes_what_is_not_theirs(wren: httpx.AsyncClient, robin: httpx.AsyncClient) -> None:
    """It is forbidden, and the post stands."""
    made = (await post(wren, "Mine.")).json()["id"]
    assert (await robin.delete(f"/api/posts/{made}")).status_code == 403
    assert (await wren.get(f"/api/posts/{made}")).status_code == 200


async def test_a_hidden_tier_has_no_impressions(wren: httpx.AsyncClient, robin: httpx.AsyncClient) -> None:
    """The field is missing, not zero."""
    ids = [(await post(client, "Hello.")).json()["id"] for client in (wren, robin)]
    counts = (await wren.get(f"/api/posts/counts?ids={','.join(ids)}")).json()["counts"]
    assert counts[ids[0]]["impressions"] == 0
    assert set(counts[ids[1]]) == {"likes", "reposts", "replies", "quotes"}


async def test_an_answer_reaches_the_one_who_is_answered(wren: httpx.AsyncClient, robin: httpx.AsyncClient) -> None:
    """It is among the replies of the post and the mentions of its author, and only new ones are told again."""
    head = (await post(wren, "Ask me.")).json()["id"]
    answer = (await post(robin, "Why?", reply_to=head)).json()["id"]
    assert [row["id"] for row in (await wren.get(f"/api/posts/{head}/replies")).json()["posts"]] == [answer]
    told = (await wren.get("/api/mentions")).json()
    assert ([row["id"] for row in told["posts"]], told["cursor"]) == ([answer], answer)
    assert (await wren.get(f"/api/mentions?after={answer}")).json()["posts"] == []


async def test_answering_a_post_that_is_gone_is_refused(wren: httpx.AsyncClient) -> None:
    """So that nobody talks to the void."""
    answer = await post(wren, "Hello?", reply_to="12345")
    assert (answer.status_code, answer.json()["error"]) == (422, "parent_gone")


async def test_a_search_needs_every_word(wren: httpx.AsyncClient) -> None:
    """In any case of letters; an empty search finds nothing."""
    await post(wren, "Pathlib reads FILES")
    assert len((await wren.get("/api/search?q=files+pathlib")).json()["posts"]) == 1
    assert (await wren.get("/api/search?q=files+csv")).json()["posts"] == []
    assert (await wren.get("/api/search?q=")).json()["posts"] == []


async def test_a_timeline_is_read_in_pages(wren: httpx.AsyncClient) -> None:
    """Newest first, before and since an id, never more than a hundred."""
    ids = [(await post(wren, f"Tip {n}.")).json()["id"] for n in range(5)]
    page = (await wren.get("/api/accounts/wren/posts?limit=2")).json()["posts"]
    assert [row["id"] for row in page] == [ids[4], ids[3]]
    older = (await wren.get(f"/api/accounts/wren/posts?limit=2&before_id={ids[3]}")).json()["posts"]
    assert [row["id"] for row in older] == [ids[2], ids[1]]
    newer = (await wren.get(f"/api/accounts/wren/posts?since_id={ids[3]}&limit=1000000")).json()["posts"]
    assert [row["id"] for row in newer] == [ids[4]]


@pytest.mark.parametrize("path", ["/api/accounts/wren/posts?since_id=x", "/api/mentions?after=-1", "/api/posts/x"])
async def test_an_id_that_is_none_is_refused(wren: httpx.AsyncClient, path: str) -> None:
    """With 400 rather than by guessing."""
    assert (await wren.get(path)).status_code == 400


async def test_a_spent_limit_says_when_to_come_back(wren: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Limits change while the network runs; the headers count down, and waiting as told helps."""
    await wren.post("/api/limits", json={"account": "wren", "posts": 2, "posts_window_s": 100})
    left = [(await post(wren, f"Tip {n}.")).headers["ratelimit-remaining"] for n in range(2)]
    assert left == ["1", "0"]
    answer = await post(wren, "One too many.")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "100")
    assert int(answer.headers["ratelimit-reset"]) == clock.now() // 1_000_000 + 100
    clock.advance(100)
    assert (await post(wren, "Later.")).status_code == 201


async def test_reading_has_a_limit_of_its_own(wren: httpx.AsyncClient) -> None:
    """A spent read limit does not stop a post."""
    await wren.post("/api/limits", json={"reads": 1})
    assert [(await wren.get("/api/me")).status_code for _ in range(2)] == [200, 429]
    assert (await post(wren, "Still here.")).status_code == 201


async def test_pictures_need_a_description_and_the_right_bytes(wren: httpx.AsyncClient) -> None:
    """What is accepted comes back with its description."""
    good = await post(wren, "Look.", media=[{"alt": "A dot", "bytes_b64": PNG}])
    assert good.json()["media"][0]["alt"] == "A dot"
    for bad in ([{"alt": "", "bytes_b64": PNG}], [{"alt": "x", "bytes_b64": "AAAA"}], [{"alt": "x"}], "x", [1] * 5):
        assert (await post(wren, "Look.", media=bad)).json()["error"] == "media_bad"


async def test_a_link_comes_back_as_a_card(wren: httpx.AsyncClient) -> None:
    """An address alone is enough."""
    made = await post(wren, "Read this.", link="https://docs.python.org/")
    assert made.json()["link"]["url"] == "https://docs.python.org/"
