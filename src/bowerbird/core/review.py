"""The gates every text passes before it is stored, cheapest first, and how a long text becomes a thread.

1. `review` tells everything that is wrong with a candidate: a code to count by, a sentence for a person.
2. `Said` knows what an account has said: the same words (`folded`), or nearly the same (MinHash over character
   4-grams, 128 permutations, 0.6: a changed full stop measures 0.96, "ten" for "10" 0.73, a paraphrase 0).
   Written here in a few lines, because datasketch brings all of scipy.
3. `split_thread` cuts between paragraphs, sentences or words, never inside a grapheme, link, mention or hashtag.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b, shake_256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bowerbird.core.errors import BadInput
from bowerbird.core.post import Media
from bowerbird.core.text import find_spans, folded, graphemes, hidden, visible

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIKENESS_MAX = 0.6
"""From this estimated Jaccard likeness on, two texts are the same post again."""

PERMUTATIONS = 128
SHINGLE = 4
PARTS_MAX = 25
"""Parts of one thread."""

_SCHEME = re.compile(r"(?<!\S)https?://", re.IGNORECASE)
_SENTENCE = re.compile(r"""[.!?…。！？]["”’)]?\Z""")

CODES: dict[str, str] = {
    "empty": "It says nothing that can be seen.",
    "hidden_character": "It holds a control character, half a character, or one that turns the reading direction.",
    "too_long": "It is longer than the platform allows.",
    "too_many_bytes": "It takes more bytes than the platform allows.",
    "too_many_parts": "The thread has too many parts.",
    "bad_link": "A link in it leads nowhere.",
    "no_alt": "A picture has no description.",
    "too_many_pictures": "It has more pictures than the platform allows.",
    "said_before": "The account has said exactly this.",
    "nearly_said_before": "The account has said nearly this.",
    "repeats_itself": "Two parts of the thread are the same.",
    "reply_link": "An automatic reply carries no link.",
    "reply_mention": "An automatic reply names nobody but the one it answers.",
    "reply_tag": "An automatic reply carries no hashtag.",
    "forbidden": "A platform's rule forbids it (see the policy table).",
}
"""Every code with its sentence for the docs; `policy` adds ``forbidden`` from outside."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate is turned away: a code of `CODES`, and the sentence with the remedy."""

    code: str
    sentence: str


class Said:
    """What an account has said, ready to be compared with.

    Args:
        texts: what counts as said; a few hundred at most, for each is compared with.
        older: what may be said again in other words, but not in the same.
    """

    def __init__(self, texts: Iterable[str] = (), older: Iterable[str] = ()) -> None:
        self._exact: set[str] = set()
        self._signatures: list[NDArray[Any]] = []
        self._table: NDArray[Any] | None = None
        for text in texts:
            self.add(text)
        self._exact.update(filter(None, map(folded, older)))

    def add(self, text: str) -> None:
        """Count one more text as said."""
        plain = folded(text)
        if plain and plain not in self._exact:
            self._exact.add(plain)
            self._signatures.append(signature(plain))
            self._table = None

    def __contains__(self, text: str) -> bool:
        return folded(text) in self._exact

    def likeness(self, text: str) -> float:
        """Return how like it is to what is most like it, 0 to 1."""
        if not self._signatures:
            return 0.0
        import numpy as np

        if self._table is None:
            self._table = np.stack(self._signatures)
        return float((self._table == signature(folded(text))).mean(axis=1).max())


@lru_cache(maxsize=2_048)
def signature(plain: str) -> NDArray[Any]:
    """Return the MinHash of a folded text; equal places estimate the Jaccard likeness within 0.04.

    Each permutation is a multiply-and-shift hash, (a x + b) mod 2^64 >> 32, of a shingle's BLAKE2b.
    """
    import numpy as np

    shingles = {plain[i : i + SHINGLE].encode(errors="surrogatepass") for i in range(max(1, len(plain) - SHINGLE + 1))}
    points = np.fromiter(
        (int.from_bytes(blake2b(each, digest_size=8).digest()) for each in shingles),
        dtype=np.uint64,
        count=len(shingles),
    )
    a, b = _permutations()
    return np.asarray(((points[:, None] * a + b) >> np.uint64(32)).min(axis=0))


@cache
def _permutations() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the factors (odd) and summands, the same on every machine and in every run."""
    import numpy as np

    numbers = np.frombuffer(shake_256(b"bowerbird says it once").digest(PERMUTATIONS * 16), dtype="<u8")
    return numbers[:PERMUTATIONS] | np.uint64(1), numbers[PERMUTATIONS:]


def review(
    texts: Sequence[str],
    *,
    length: Callable[[str], int],
    text_max: int,
    bytes_max: int | None = None,
    said: Said | None = None,
    media: Sequence[Media] = (),
    media_max: int = 0,
    card_url: str = "",
    reply_author: str | None = None,
) -> list[Rejection]:
    """Return everything that is wrong with a candidate; an empty list lets it pass.

    1. Nothing hidden, and something to see, in every part.
    2. Each part fits the platform, in its own unit (`length`, `text_max`) and in UTF-8 bytes.
    3. Links are well formed; pictures are described and few enough.
    4. Nothing said before, and no part twice.
    5. A reply written without a person (`reply_author` given) holds no link, no tag, no other name.
    """
    found = [] if texts else [Rejection("empty", "There is no text; write one.")]
    found += [r for text in texts for r in _characters(text)]
    if found:
        return found
    if len(texts) > PARTS_MAX:
        found.append(Rejection("too_many_parts", f"The thread has {len(texts)} parts; at most {PARTS_MAX} are read."))
    found += [r for text in texts for r in _size(text, length, text_max, bytes_max)]
    found += _links([*(s.value for t in texts for s in find_spans(t) if s.kind == "link"), *filter(None, [card_url])])
    found += _bare_schemes(texts)
    found += _pictures(media, media_max)
    found += _news(texts, said or Said())
    if reply_author is not None:
        found += [r for text in texts for r in _reply(text, reply_author)]
    return found


def _characters(text: str) -> list[Rejection]:
    if c := hidden(text):
        return [Rejection("hidden_character", f"The text holds the character U+{ord(c):04X}; remove it.")]
    if not visible(text):
        return [Rejection("empty", "The text says nothing that can be seen; write one.")]
    return []


def _size(text: str, length: Callable[[str], int], text_max: int, bytes_max: int | None) -> list[Rejection]:
    found = []
    if (is_long := length(text)) > text_max:
        found.append(
            Rejection("too_long", f"It is {is_long} long and {text_max} fit: shorten it by {is_long - text_max}.")
        )
    if bytes_max is not None and (size := len(text.encode())) > bytes_max:
        found.append(Rejection("too_many_bytes", f"It takes {size:,} bytes and {bytes_max:,} fit: shorten it."))
    return found


def _links(links: Iterable[str]) -> list[Rejection]:
    return [
        Rejection("bad_link", f"{link[:60]!r} is not a web address such as https://example.org/page.")
        for link in links
        if not well_formed(link)
    ]


def _bare_schemes(texts: Iterable[str]) -> list[Rejection]:
    """Find what begins like a link and is none, such as ``https://`` alone."""
    return [
        Rejection("bad_link", "A link begins and leads nowhere; finish it or take it out.")
        for text in texts
        if {match.start() for match in _SCHEME.finditer(text)} - {span.start for span in find_spans(text)}
    ]


def well_formed(link: str) -> bool:
    """Tell whether a link is a web address with a host and no user name in it."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:
        return False
    labels = host.split(".")
    named = all(labels) and all(c.isalnum() or c in "-_" for label in labels for c in label)
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc and port != 0 and (named or ":" in host)


def _pictures(media: Sequence[Media], media_max: int) -> list[Rejection]:
    found = [
        Rejection("no_alt", f"The picture {picture.path!r} has no description; say what it shows.")
        for picture in media
        if not visible(picture.alt)
    ]
    if len(media) > media_max:
        found.append(Rejection("too_many_pictures", f"It has {len(media)} pictures and {media_max} fit."))
    return found


def _news(texts: Sequence[str], said: Said) -> list[Rejection]:
    """Find what was said before; a part is compared with the other parts only for exact repeats."""
    found = []
    for text in texts:
        if text in said:
            found.append(Rejection("said_before", f"This was said before: {text[:60]!r}."))
        elif (likeness := said.likeness(text)) >= LIKENESS_MAX:
            found.append(Rejection("nearly_said_before", f"{likeness:.0%} of this was said before: {text[:60]!r}."))
    if len({folded(text) for text in texts}) < len(texts):
        found.append(Rejection("repeats_itself", "Two parts of the thread say the same."))
    return found


def _reply(text: str, author: str) -> list[Rejection]:
    """Hold a reply that was written without a person to the one it answers: the defence against planted orders."""
    kinds = {span.kind for span in find_spans(text) if span.value.casefold() != author.casefold().lstrip("@")}
    sentences = {
        "link": Rejection("reply_link", "An automatic reply carries no link."),
        "mention": Rejection("reply_mention", "An automatic reply names nobody but the one it answers."),
        "tag": Rejection("reply_tag", "An automatic reply carries no hashtag."),
    }
    return [sentences[kind] for kind in sorted(kinds)]


# --- threads ---------------------------------------------------------------------------------------------------


def split_thread(text: str, limit: int, length: Callable[[str], int], *, bytes_max: int | None = None) -> list[str]:
    """Return the parts of a thread, each within `limit` as `length` measures it.

    1. A place to cut is a grapheme's edge that is not inside a link, mention or hashtag.
    2. Each part takes as much as fits, back to the last paragraph or sentence in its second half, else the last
       word, else the last place.
    3. Only white space at the cuts is lost, so the parts joined again are the source.

    Raises `BadInput` if a single link, mention, hashtag or grapheme does not fit.
    """

    def fits(start: int, end: int) -> bool:
        part = text[start:end].rstrip()
        return length(part) <= limit and (bytes_max is None or len(part.encode()) <= bytes_max)

    edges = _edges(text)
    parts, start = [], _skip(text, edges, 0)
    while start < len(text):
        end = _reach(edges, start, fits)
        end = end if end == len(text) else _cut(text, edges, start, end)
        parts.append(text[start:end].rstrip())
        start = _skip(text, edges, end)
    return parts


def _edges(text: str) -> list[int]:
    """Return the places where a text may be cut, with 0 and its end."""
    inside = {i for span in find_spans(text) for i in range(span.start + 1, span.end)}
    edges, at = [0], 0
    for grapheme in graphemes(text):
        at += len(grapheme)
        if at not in inside:
            edges.append(at)
    return edges


def _skip(text: str, edges: list[int], start: int) -> int:
    """Return the first edge from `start` on after which there is something but white space."""
    at = bisect_right(edges, start) - 1
    while at + 1 < len(edges) and text[edges[at] : edges[at + 1]].isspace():
        at += 1
    return edges[at]


def _reach(edges: list[int], start: int, fits: Callable[[int, int], bool]) -> int:
    """Return the last edge up to which the text from `start` on fits."""
    low, high = bisect_right(edges, start) - 1, len(edges) - 1
    first = low
    while low < high:
        middle = (low + high + 1) // 2
        if fits(start, edges[middle]):
            low = middle
        else:
            high = middle - 1
    if low == first:
        raise BadInput("a single link, mention, hashtag or character is longer than a whole post; shorten it")
    return edges[low]


def _cut(text: str, edges: list[int], start: int, end: int) -> int:
    """Return where to end a part that begins at `start` and must end by `end`."""
    inner = [edge for edge in edges if start < edge <= end and _before_space(text, edge)]
    late = [edge for edge in inner if edge - start > (end - start) // 2]
    paragraphs = [edge for edge in late if text[edge : edge + 2] == "\n\n"]
    sentences = [edge for edge in late if _SENTENCE.search(text[edge - 2 : edge])]
    return next((choice[-1] for choice in (paragraphs, sentences, inner) if choice), end)


def _before_space(text: str, edge: int) -> bool:
    return edge < len(text) and text[edge].isspace() and not text[edge - 1].isspace()
