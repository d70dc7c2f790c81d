"""Who may press what. Every button is in this table with the least role that may press it.

A button that somebody may not press is not drawn for them; pressing it all the same is refused with a sentence.
Who may look at a page stands in its row of `routes.LEAVES`.
"""

from __future__ import annotations

from bowerbird.core.people import Role

VERBS: dict[str, Role] = {
    "approve": Role.APPROVER,
    "approve_all": Role.APPROVER,
    "reject": Role.APPROVER,
    "edit": Role.EDITOR,
    "post": Role.EDITOR,
    "withdraw": Role.EDITOR,
    "settle": Role.EDITOR,
    "retry": Role.EDITOR,
    "reslot": Role.EDITOR,
    "retract": Role.EDITOR,
    "pause": Role.EDITOR,
    "resume": Role.EDITOR,
    "acknowledge": Role.EDITOR,
    "silence": Role.EDITOR,
    "silence_end": Role.EDITOR,
    "breaker_open": Role.OWNER,
    "breaker_close": Role.OWNER,
    "breaker_probe": Role.OWNER,
    "alerts_test": Role.OWNER,
    "rehearse": Role.OWNER,
    "rehearse_end": Role.OWNER,
    "introduce": Role.OWNER,
    "welcome": Role.OWNER,
    "decline": Role.OWNER,
    "account_set": Role.OWNER,
    "attest": Role.OWNER,
    "run": Role.OWNER,
    "lane_pause": Role.OWNER,
    "lane_resume": Role.OWNER,
    "drill": Role.OWNER,
    "drill_stop": Role.OWNER,
    "person_add": Role.OWNER,
    "person_remove": Role.OWNER,
}
"""What the buttons may ask for, each with the least role that may press it."""

NEEDS = {
    Role.OWNER: "only an owner may do it",
    Role.EDITOR: "an editor or an owner may do it",
    Role.APPROVER: "an approver, an editor or an owner may do it",
    Role.VIEWER: "everybody may",
}
"""Who may, as the end of a sentence."""


def refusal(role: Role, least: Role) -> str:
    """Say why somebody of this role may not."""
    return f"You are signed in as {role}; {NEEDS[least]}. Nothing was done."
