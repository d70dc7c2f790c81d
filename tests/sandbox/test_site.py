"""The pages: what a browser, or a driver of one, relies on."""

import re

import httpx
import pytest

from bowerbird.clock import VirtualClock
from bowerbird.sandbox.cards import RENAMED, age, card, rounded
from bowerbird.sandbox.people import Draft
from bowerbird.sandbox.world import World


@pytest.fixture
async def browser(guest: httpx.AsyncClient) -> httpx.AsyncClient:
    """Signed in as robin, through the form."""
    answer = await guest.post("/login", data={"handle": "robin", "password": "robin-pass", "next": "/compose"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/compose")
    return guest


async def test_the_composer_posts_and_a_toast_links_to_the_post(browser: httpx.AsyncClient) -> None:
    """A plain form, a redirect, a toast with the permalink."""
    page = (await browser.get("/compose")).text
    assert 'data-testid="tweetTextarea_0"' in page
    assert 'data-testid="tweetButton"' in page
    sent = await browser.post("/compose", data={"text": "One\r\ntwo <b>"})
    assert sent.status_code == 303
    page = (await browser.get(sent.headers["location"])).text
    (link,) = re.findall(r'data-testid="toast".*?href="(/robin/status/\d+)"', page)
    permalink = (await browser.get(link)).text
    assert "One\ntwo &lt;b&gt;</div>" in permalink
    assert 'data-testid="toast"' not in permalink


async def test_a_page_posts_twice_if_it_is_asked_twice(browser: httpx.AsyncClient) -> None:
    """Pages know no keys: this is where looking first is all there is."""
    for _ in range(2):
        await browser.post("/compose", data={"text": "Twice."})
    assert (await browser.get("/api/truth")).json()["duplicates"] == 1


@pytest.mark.parametrize(("text", "status"), [("", 422), ("x" * 301, 422)])
async def test_a_text_that_does_not_fit_stays_in_the_composer(
    browser: httpx.AsyncClient, text: str, status: int
) -> None:
    """With a toast that says why and links to nothing."""
    answer = await browser.post("/compose", data={"text": text})
    assert answer.status_code == status
    assert f"\n{text}</textarea>" in answer.text
    assert "<a" not in re.findall(r'data-testid="toast".*?</div>', answer.text)[0]


async def test_a_guest_is_sent_to_sign_in(guest: httpx.AsyncClient) -> None:
    """From every page that needs a session, and back afterwards; also with a composer in hand."""
    for path in ("/home", "/compose", "/notifications"):
        answer = await guest.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert (await guest.post("/compose", data={"text": "Hi"})).headers["location"] == "/login?next=/compose"


async def test_a_guest_s_search_is_an_empty_page(guest: httpx.AsyncClient, browser: httpx.AsyncClient) -> None:
    """Status 200 and nothing found, not even a sentence that says so: the trap that X sets."""
    await browser.post("/compose", data={"text": "Findable words"})
    assert "<article" in (await browser.get("/search?q=findable")).text
    browser.cookies.clear()
    page = await guest.get("/search?q=findable")
    assert page.status_code == 200
    assert "<article" not in page.text
    assert "emptyState" not in page.text
    assert {"BottomBar", "login", "signup"} <= ids_of(page.text)
    assert "SideNav_AccountSwitcher_Button" not in page.text


async def test_a_signed_in_search_without_hits_says_so(browser: httpx.AsyncClient) -> None:
    """Which tells it from a search that was not made."""
    page = (await browser.get("/search?q=zebra")).text
    assert {"emptyState", "SideNav_AccountSwitcher_Button", "SideNav_NewTweet_Button"} <= ids_of(page)
    assert "BottomBar" not in page


async def test_a_wrong_password_is_told_on_the_page(guest: httpx.AsyncClient) -> None:
    """Nobody is signed in by it."""
    answer = await guest.post("/login", data={"handle": "robin", "password": "no"})
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_signing_in_leads_nowhere_else(guest: httpx.AsyncClient, wanted: str) -> None:
    """The way back is always on this site."""
    form = {"handle": "robin", "password": "robin-pass", "next": wanted}
    assert (await guest.post("/login", data=form)).headers["location"] == "/home"


async def test_labels_leave_out_zeros_and_know_the_singular(world: World, clock: VirtualClock) -> None:
    """As X words them: "1 reply, 2 likes"."""
    post, _ = await world.post("wren", Draft(text="Hello"))
    fresh = card(world, post)
    assert fresh.group_label == ""
    counts = {"replies": 1, "reposts": 0, "likes": 6, "quotes": 0, "impressions": 1}
    shown = type(fresh)(**{**{f: getattr(fresh, f) for f in fresh.__slots__}, "counts": counts})
    assert shown.group_label == "1 reply, 6 likes, 1 view"
    assert shown.button_label("reposts", "Repost") == "0 reposts. Repost"


async def test_an_article_carries_what_scrapers_read(
    wren: httpx.AsyncClient, world: World, clock: VirtualClock
) -> None:
    """Test ids, the permalink around the time, and exact counts in the group's label."""
    made = (await wren.post("/api/posts", json={"text": "Use `pathlib`."})).json()
    clock.advance(600)
    page = (await wren.get("/wren")).text
    assert {"tweet", "User-Name", "tweetText", "reply", "retweet", "like"} <= ids_of(page)
    assert re.search(rf'<a href="{made["path"]}"[^>]*><time datetime="[\d\-T:.]+Z">', page)
    counts = world.counts(world.posts[made["id"]])
    assert f"{counts['impressions']} views" in re.findall(r'role="group" aria-label="([^"]*)"', page)[0]


async def test_variants_rename_or_drop_the_test_ids(wren: httpx.AsyncClient) -> None:
    """v2 renames every one of them, v3 has none; the labels for people stay in all three."""
    await wren.post("/api/posts", json={"text": "Hello"})
    shapes = {}
    for variant in ("v1", "v2", "v3"):
        await wren.post("/api/faults", json={"kind": "variant", "variant": variant})
        shapes[variant] = (await wren.get("/wren")).text
        assert "0 likes. Like" in shapes[variant]
    assert {RENAMED[name] for name in ids_of(shapes["v1"])} == ids_of(shapes["v2"])
    assert ids_of(shapes["v1"]).isdisjoint(ids_of(shapes["v2"]))
    assert ids_of(shapes["v3"]) == set()


async def test_an_answer_goes_back_to_the_conversation(browser: httpx.AsyncClient, world: World) -> None:
    """And stands below the post it answers."""
    post, _ = await world.post("wren", Draft(text="Ask me"))
    composer = (await browser.get(f"/compose?reply_to={post.id}")).text
    assert f'name="reply_to" value="{post.id}"' in composer
    sent = await browser.post("/compose", data={"text": "Why?", "reply_to": post.id})
    assert sent.headers["location"].startswith(f"/wren/status/{post.id}?sent=")
    page = (await browser.get(sent.headers["location"])).text
    assert page.index("Ask me") < page.index("Why?")
    assert "Replying to" in page


async def test_a_post_that_is_not_there_is_a_page_of_its_own(guest: httpx.AsyncClient, world: World) -> None:
    """Deleted, never written, or under somebody else's name."""
    post, _ = await world.post("wren", Draft(text="Hello"))
    for path in ("/wren/status/1", f"/robin/status/{post.id}", "/nobody", "/wren/status/x"):
        answer = await guest.get(path)
        assert answer.status_code in (400, 404)
        assert "error-detail" in ids_of(answer.text)


async def test_faults_show_as_pages_to_a_browser(browser: httpx.AsyncClient) -> None:
    """And a dropped answer is a post that the browser never heard of."""
    await browser.post("/faults", data={"kind": "500", "count": "1"})
    answer = await browser.post("/compose", data={"text": "Hm"})
    assert (answer.status_code, "Something went wrong" in answer.text) == (500, True)
    await browser.post("/faults", data={"kind": "drop_answer", "account": "robin"})
    with pytest.raises(httpx.ReadError):
        await browser.post("/compose", data={"text": "Hm"})
    assert "Hm</div>" in (await browser.get("/robin")).text


async def test_the_faults_page_lists_what_is_armed(guest: httpx.AsyncClient) -> None:
    """Arms by a button, tells what it did not understand, and clears."""
    await guest.post("/faults", data={"kind": "slow", "count": "3", "delay_s": "1.5"})
    page = (await guest.get("/faults")).text
    assert "<td>slow</td>" in page
    assert "<td>1.5 s</td>" in page
    refused = await guest.post("/faults", data={"kind": "earthquake"})
    assert "kind must be one of" in (await guest.get(refused.headers["location"])).text
    await guest.post("/faults", data={"kind": "clear"})
    assert "<td>slow</td>" not in (await guest.get("/faults")).text


async def test_a_profile_is_read_a_page_at_a_time(wren: httpx.AsyncClient) -> None:
    """The link below leads to older posts until there are none."""
    for number in range(45):
        await wren.post("/api/posts", json={"text": f"Tip {number}"})
    page = (await wren.get("/wren")).text
    assert page.count("<article") == 40
    older = (await wren.get(re.findall(r'class="older" href="([^"]+)"', page)[0])).text
    assert older.count("<article") == 5
    assert 'class="older"' not in older


@pytest.mark.parametrize(
    ("count", "shown"), [(0, ""), (950, "950"), (1_234, "1.2K"), (2_000, "2K"), (3_400_000, "3.4M")]
)
def test_large_counts_are_rounded_for_people(count: int, shown: str) -> None:
    """The labels keep the exact ones."""
    assert rounded(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (59, "59s"), (61, "1m"), (7_200, "2h"), (90_000, "1d"), (700_000, "1w")]
)
def test_ages_are_told_in_one_unit(seconds: float, shown: str) -> None:
    """The largest that fits."""
    assert age(seconds) == shown


def ids_of(page: str) -> set[str]:
    """Return the test ids of a page."""
    return set(re.findall(r'data-testid="([^"]+)"', page))
