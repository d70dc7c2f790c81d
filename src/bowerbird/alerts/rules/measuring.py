"""What is measured, found and learned."""

from __future__ import annotations

from bowerbird.alerts.rules.rule import Rule, Test
from bowerbird.core.incident import Severity

MEASURING: tuple[Rule, ...] = (
    Rule(
        name="PageChanged",
        test=Test(metric="bowerbird_page_changed", bound=0),
        for_s=30,
        severity=Severity.WARNING,
        part="page:{site}",
        title="The pages of {site} have changed",
        why="{value} signs say so; posts are still read in the ways that are left.",
        fix="What could not be read lies in quarantine/ in the data folder, scrubbed; the site's description in "
        "platforms/web/sites.py needs a look.",
        heals="its pages are read alike in every way again",
        serves=("8.4",),
        within_s=600,
    ),
    Rule(
        name="ReadingOverdue",
        test=Test(metric="bowerbird_reading_overdue_seconds", bound=550),
        for_s=30,  # after a night of sleep everything is overdue for a moment
        severity=Severity.WARNING,
        part="measuring:{account}",
        title="The numbers of {account} are not read",
        why="The most overdue reading is {value} s late.",
        fix="Readings are tried again by themselves; missing ones stay missing and are never guessed.",
        heals="its numbers are read again",
        serves=("8.1", "8.2"),
        within_s=600,
    ),
    Rule(
        name="SessionExpiring",
        test=Test(metric="bowerbird_session_state", bound=0, where={"state": "expiring"}),
        for_s=60,
        severity=Severity.WARNING,
        part="session:{account}",
        title="The session of {account} will end soon",
        why="Sessions like this one have ended at this age, or its cookies say so.",
        fix="Sign in again before it does: bowerbird login {account}",
        heals="a new session began",
        serves=("5.4",),
    ),
    Rule(
        name="TargetsLow",
        test=Test(metric="bowerbird_targets_fresh", op="<", bound=1),
        for_s=120,
        severity=Severity.INFO,
        part="targets:{account}",
        title="{account} has nobody to answer",
        why="No fresh conversation was found for two minutes.",
        fix="Searches are widened; more of them can be added to the account.",
        heals="conversations were found",
        serves=("9.4",),
    ),
    Rule(
        name="LearningStale",
        test=Test(metric="bowerbird_model_age_seconds", bound=7 * 86_400.0),
        for_s=60,
        severity=Severity.INFO,
        part="learning:{account}",
        title="Nothing was learned for {account} in a week",
        why="The model in use is {value} s old.",
        fix="The last good version stays in use; without new readings there is nothing to learn.",
        heals="a new version was learned",
        serves=("3.2",),
    ),
)
