"""What the platforms allow an automated account to do, as one table with its sources.

Rule 1: of all rows that fit, the strictest decides; where no row fits, nothing is done.
Rule 2: likes and follows are never automated, on no platform.
Rule 3: who did not address us is never answered without a person; who did is answered once, and not after a "stop".
Rule 4: before the first real post the owner attests that the account says it is automated, and who runs it.

"Sandbox" stands for the rule that all the real platforms have in common, so that it can be rehearsed.
`docs/` prints this table (`table_markdown`); a row without a source and a date fails the tests.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from bowerbird.core.account import Account
from bowerbird.core.post import Kind, Post
from bowerbird.core.text import find_spans

MODE = "mode:"
"""`Post.approved_by` begins with it where no person, but the account's approval mode let the post go."""


class Action(StrEnum):
    """What may be done on a platform."""

    POST = "post"
    REPLY = "reply"
    LIKE = "like"
    FOLLOW = "follow"
    QUOTE = "quote"
    MENTION = "mention"


class Context(StrEnum):
    """What is known about the case."""

    ALWAYS = "always"
    SUMMONED = "they addressed us"
    COLD = "they did not address us"
    OPTED_OUT = "they asked us to stop"
    ANSWERED = "this was answered already"
    SAME_TEXT = "another account says the same"
    UNLABELLED = "the account is not labelled as automated"
    NO_OPERATOR = "nobody is named as its operator"
    TREND = "the hashtag is there to ride a trend"
    GENERATED = "a language model wrote it"


class Ruling(StrEnum):
    """May it be done?"""

    ALLOWED = "allowed"
    TO_PERSON = "to a person"  # each one needs a person's yes
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: on these platforms these actions, in this context, get this ruling.

    Args:
        text: the rule in one sentence.
        source: where it stands.
        date: the day from which it holds, of the source's version, or on which it was read (ISO).
    """

    platforms: tuple[str, ...]
    actions: tuple[Action, ...]
    context: Context
    ruling: Ruling
    text: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ruling on one case, with the rule that decided it."""

    ruling: Ruling
    rule: str
    source: str
    date: str

    @property
    def allowed(self) -> bool:
        """True if it may be done now."""
        return self.ruling is Ruling.ALLOWED


A, C, R = Action, Context, Ruling

PLATFORMS = ("bluesky", "mastodon", "x_api", "x_web", "sandbox")

_X = ("X developer guidelines", "2026-08-22")
_X_REPLY = ("X API changelog", "2026-02-23")
_X_CUT = ("X API changelog", "2026-04-20")
_BLUESKY = ("Bluesky docs, starter templates: bots", "2026-11-23")
_MASTODON = ("Mastodon servers' own rules (/api/v2/instance; hachyderm.io, toot.wales)", "2026-11-23")
_HOUSE = ("Bowerbird's common rule: what the strictest platform asks", "2026-11-23")

_EVERYWHERE = ("bluesky", "mastodon", "x_api", "sandbox")
_REAL = ("bluesky", "mastodon", "x_api")
_SPEAKING = (A.POST, A.REPLY, A.QUOTE, A.MENTION)
_TOUCHING = (A.REPLY, A.QUOTE, A.MENTION)

_BUT_POST = tuple(action for action in Action if action is not A.POST)

RULES: tuple[Rule, ...] = (
    Rule(("x_web",), (A.POST,), C.ALWAYS, R.TO_PERSON, "X suspends for driving its site; its owner takes that risk "
         "in writing, and says yes to each post.", *_X),
    Rule(("x_web",), _BUT_POST, C.ALWAYS, R.FORBIDDEN, "Driving X's web site ends in permanent suspension.", *_X),
    # broadcasting
    Rule(("bluesky",), (A.POST,), C.ALWAYS, R.ALLOWED, "Posting at regular times is welcome.", *_BLUESKY),
    Rule(("mastodon",), (A.POST,), C.ALWAYS, R.ALLOWED, "Marked bots may post within the server's rules.", *_MASTODON),
    Rule(("x_api",), (A.POST,), C.ALWAYS, R.ALLOWED, "Scheduled informational posts are allowed.", *_X),
    Rule(("sandbox",), (A.POST,), C.ALWAYS, R.ALLOWED, "Posting at regular times is allowed.", *_HOUSE),
    # likes and follows
    Rule(("x_api",), (A.LIKE,), C.ALWAYS, R.FORBIDDEN, "A like must come from the user's own hand.", *_X),
    Rule(("x_api",), (A.FOLLOW,), C.ALWAYS, R.FORBIDDEN, "Automated following is not allowed.", *_X),
    Rule(("x_api",), (A.QUOTE,), C.ALWAYS, R.FORBIDDEN, "Quote posts left the self-serve API.", *_X_CUT),
    Rule(
        ("bluesky",), (A.LIKE, A.FOLLOW), C.ALWAYS, R.FORBIDDEN,
        "A bot touches nobody who has not asked for it, and nobody asks for a like.", *_BLUESKY,
    ),
    Rule(
        ("mastodon", "sandbox"), (A.LIKE, A.FOLLOW), C.ALWAYS, R.FORBIDDEN,
        "Likes and follows are never automated.", *_HOUSE,
    ),
    # answering and naming others
    Rule(("bluesky",), _TOUCHING, C.SUMMONED, R.ALLOWED, "Who tagged the bot may be answered.", *_BLUESKY),
    Rule(("bluesky",), _TOUCHING, C.COLD, R.TO_PERSON, "A bot interacts only with those who tagged it.", *_BLUESKY),
    Rule(("mastodon",), _TOUCHING, C.SUMMONED, R.ALLOWED, "Who addressed the bot may be answered.", *_MASTODON),
    Rule(("mastodon",), _TOUCHING, C.COLD, R.TO_PERSON, "Unasked contact by bots is not welcome.", *_MASTODON),
    Rule(
        ("x_api",), (A.REPLY, A.MENTION), C.SUMMONED, R.ALLOWED,
        "Who mentioned or quoted the account, or replied to it, may be answered.", *_X,
    ),
    Rule(
        ("x_api",), (A.REPLY,), C.COLD, R.FORBIDDEN,
        "The API takes replies only to authors who mentioned or quoted us; answer by hand in X itself.", *_X_REPLY,
    ),
    Rule(("x_api",), (A.MENTION,), C.COLD, R.FORBIDDEN, "Uninvited mentions are not allowed.", *_X),
    Rule(("sandbox",), _TOUCHING, C.SUMMONED, R.ALLOWED, "Who addressed us may be answered.", *_HOUSE),
    Rule(("sandbox",), _TOUCHING, C.COLD, R.TO_PERSON, "Who did not address us is for a person to answer.", *_HOUSE),
    Rule(
        ("x_api",), (A.REPLY,), C.GENERATED, R.TO_PERSON,
        "Replies by a language model need X's prior approval; a person looks at each.", *_X,
    ),
    # once, and not after a stop
    Rule(("x_api",), _TOUCHING, C.ANSWERED, R.FORBIDDEN, "One reply per interaction.", *_X),
    Rule(("bluesky", "mastodon", "sandbox"), _TOUCHING, C.ANSWERED, R.FORBIDDEN, "One reply each time.", *_HOUSE),
    Rule(("x_api",), _TOUCHING, C.OPTED_OUT, R.FORBIDDEN, "If a user says stop, stop.", *_X),
    Rule(("bluesky",), _TOUCHING, C.OPTED_OUT, R.FORBIDDEN, "Contact is opt-in: who says stop is left.", *_BLUESKY),
    Rule(("mastodon", "sandbox"), _TOUCHING, C.OPTED_OUT, R.FORBIDDEN, "Who says stop is left alone.", *_HOUSE),
    # what is said
    Rule(("x_api",), _SPEAKING, C.SAME_TEXT, R.FORBIDDEN, "No identical content across accounts.", *_X),
    Rule(
        ("bluesky", "mastodon", "sandbox"), _SPEAKING, C.SAME_TEXT, R.FORBIDDEN,
        "No identical text from several accounts.", *_HOUSE,
    ),
    Rule(("x_api",), _SPEAKING, C.TREND, R.FORBIDDEN, "No posting to trends to gain visibility.", *_X),
    Rule(("mastodon",), _SPEAKING, C.TREND, R.FORBIDDEN, "No automatic posts driven by hashtags.", *_MASTODON),
    Rule(("bluesky", "sandbox"), _SPEAKING, C.TREND, R.FORBIDDEN, "No riding on trends.", *_HOUSE),
    # who says it
    Rule(("x_api",), _SPEAKING, C.UNLABELLED, R.FORBIDDEN, 'The profile carries the label "Automated".', *_X),
    Rule(("bluesky",), _SPEAKING, C.UNLABELLED, R.FORBIDDEN, 'The profile carries the self-label "bot".', *_BLUESKY),
    Rule(("mastodon",), _SPEAKING, C.UNLABELLED, R.FORBIDDEN, "The account is marked as a bot.", *_MASTODON),
    Rule(("x_api",), _SPEAKING, C.NO_OPERATOR, R.FORBIDDEN, "The bio names who runs the account.", *_X),
    Rule(("bluesky", "mastodon"), _SPEAKING, C.NO_OPERATOR, R.FORBIDDEN, "The profile names who runs it.", *_HOUSE),
    Rule(
        ("sandbox",), _SPEAKING, C.UNLABELLED, R.ALLOWED, "A rehearsal reaches no real person, so nothing is attested.",
        *_HOUSE,
    ),
    Rule(
        ("sandbox",), _SPEAKING, C.NO_OPERATOR, R.ALLOWED, "A rehearsal reaches no real person, so nobody is named.",
        *_HOUSE,
    ),
)  # fmt: skip

_UNKNOWN = Verdict(R.FORBIDDEN, "No rule is known for this, so it is not done.", *_HOUSE)
_STRICT = (R.FORBIDDEN, R.TO_PERSON, R.ALLOWED)


def judge(platform: str, action: Action, context: Collection[Context] = ()) -> Verdict:
    """Return the strictest ruling of all rows that fit.

    `platform` is a member of `PLATFORMS`, or an adapter's name such as ``sandbox-web``. Touching somebody of whom
    it is not said that they addressed us counts as not addressed.
    """
    known = {C.ALWAYS, *context}
    if action in _TOUCHING and C.SUMMONED not in known:
        known.add(C.COLD)
    name = "sandbox" if platform.startswith("sandbox") else {"x": "x_web"}.get(platform, platform)
    fitting = [rule for rule in RULES if name in rule.platforms and action in rule.actions and rule.context in known]
    if not any(rule.context in {C.ALWAYS, C.SUMMONED, C.COLD} for rule in fitting):
        return _UNKNOWN
    rule = min(fitting, key=lambda rule: _STRICT.index(rule.ruling))
    return Verdict(rule.ruling, rule.text, rule.source, rule.date)


def judge_post(account: Account, post: Post, context: Collection[Context] = ()) -> Verdict:
    """Return whether this post may go out from this account now.

    1. What the row itself tells is added to `context`: label, operator, who wrote it.
    2. A reply that somebody has approved was judged with its context then, so it counts as addressed to us
       unless `context` says that it is not.
    3. Other people named in the text are touched too; what a person's own bank says is the person's word.
    4. The strictest verdict wins; a person's approval is the answer to "to a person".
    """
    known = {*context, *_told_by(account, post)}
    if post.kind is Kind.REPLY and post.approved_by and C.COLD not in known:
        known.add(C.SUMMONED)
    verdicts = [judge(account.platform, A.REPLY if post.kind is Kind.REPLY else A.POST, known)]
    if _names_others(post):
        verdicts.append(judge(account.platform, A.MENTION, (known - {C.SUMMONED}) | {C.COLD}))
    verdict = min(verdicts, key=lambda verdict: _STRICT.index(verdict.ruling))
    if verdict.ruling is R.TO_PERSON and by_person(post):
        return replace(verdict, ruling=R.ALLOWED)
    return verdict


def _told_by(account: Account, post: Post) -> set[Context]:
    told = set()
    if not account.labelled:
        told.add(C.UNLABELLED)
    if not account.operator.strip():
        told.add(C.NO_OPERATOR)
    if post.choice.writer not in {"", "bank", "person"}:
        told.add(C.GENERATED)
    return told


def _names_others(post: Post) -> bool:
    answered = post.payload.reply_to.author.casefold().lstrip("@") if post.payload.reply_to else ""
    named = {span.value.casefold() for span in find_spans(post.payload.text) if span.kind == "mention"}
    return post.choice.writer != "bank" and bool(named - {answered})


def by_person(post: Post) -> bool:
    """True if a person, not the account's mode, approved this post."""
    return bool(post.approved_by) and not post.approved_by.startswith(MODE)


def attested(account: Account) -> bool:
    """True if the account may post for real: labelled and with an operator, or a rehearsal."""
    return account.rehearsal or (account.labelled and bool(account.operator.strip()))


def table_markdown() -> str:
    """Print the table; the documentation contains exactly this text."""
    lines = ["| platform | action | when | ruling | rule | source | as of |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {', '.join(rule.platforms)} | {', '.join(rule.actions)} | {rule.context} | {rule.ruling} "
        f"| {rule.text} | {rule.source} | {rule.date} |"
        for rule in RULES
    ]
    return "\n".join(lines) + "\n"


def opt_out_place(account_id: str, author: str) -> str:
    """The cursor that is not 0 once this author asked this account to stop."""
    return f"opted_out:{account_id}:{author.casefold().lstrip('@')}"
