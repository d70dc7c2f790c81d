"""The table of a post's life: what can never happen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.errors import IllegalStep
from bowerbird.core.lifecycle import FINAL, NEXT, STAY_MAX_S, Event, State, diagram, overstayed, step

CERTAIN = {Event.POSTPONED, Event.UNREACHED, Event.HELD}
"""Events by which it is certain that nothing was sent."""


def test_every_state_is_in_the_table() -> None:
    """No state is forgotten."""
    assert set(NEXT) == set(State)


def test_every_event_happens_somewhere() -> None:
    """No event is dead."""
    assert {event for steps in NEXT.values() for event in steps} == set(Event)


@pytest.mark.proves("X11")
@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_every_state_that_is_not_final_has_a_longest_stay_and_a_way_out(state: State) -> None:
    """A post can never sit anywhere unnoticed."""
    assert STAY_MAX_S[state] > 0
    assert NEXT[state]


@pytest.mark.parametrize("event", sorted(set(Event) - CERTAIN))
def test_only_certainty_puts_a_claimed_post_back_in_the_queue(event: Event) -> None:
    """From SENDING the queue is reached only if nothing was sent."""
    assert NEXT[State.SENDING].get(event) is not State.QUEUED


def test_doubt_ends_in_the_queue_only_by_looking() -> None:
    """UNSURE goes back only when we looked and it was absent."""
    assert [event for event, to in NEXT[State.UNSURE].items() if to is State.QUEUED] == [Event.ABSENT]


def test_doubt_is_never_missed_edited_or_withdrawn() -> None:
    """What may be on the platform cannot be wished away."""
    assert not {Event.MISSED, Event.EDITED, Event.REQUEUED, Event.WITHDRAWN} & set(NEXT[State.UNSURE])
    assert not {Event.MISSED, Event.EDITED, Event.REQUEUED, Event.WITHDRAWN} & set(NEXT[State.SENDING])


def test_at_rest_means_that_only_a_proof_can_move_it() -> None:
    """A final state is left only by a late proof, or because the post is gone."""
    for state in FINAL:
        assert set(NEXT[state]) <= {Event.CONFIRMED_LATE, Event.GONE}


def test_a_proof_is_welcome_wherever_a_post_may_have_been_sent() -> None:
    """A late confirmation publishes from every state that an attempt can leave behind."""
    for state in (State.QUEUED, State.SENDING, State.UNSURE, State.PARKED, State.DROPPED, State.REJECTED):
        assert step(state, Event.CONFIRMED_LATE) is State.PUBLISHED


@given(st.sampled_from(State), st.sampled_from(Event))
def test_a_step_is_in_the_table_or_is_refused_by_name(state: State, event: Event) -> None:
    """Nothing else decides what comes next."""
    if event in NEXT[state]:
        assert step(state, event) is NEXT[state][event]
    else:
        with pytest.raises(IllegalStep, match=f"a {state} post cannot be {event}"):
            step(state, event)


@given(st.lists(st.sampled_from(Event), max_size=40))
def test_no_life_reaches_published_without_a_proof(events: list[Event]) -> None:
    """Whatever happens in whatever order, PUBLISHED is entered only by a proof or a person's word."""
    state = State.PROPOSED
    for event in events:
        after = NEXT[state].get(event, state)
        if after is State.PUBLISHED and state is not State.PUBLISHED:
            assert event in {Event.CONFIRMED, Event.FOUND, Event.SEEN, Event.CONFIRMED_LATE}
        state = after


def test_an_overstay_is_counted_from_the_state() -> None:
    """One microsecond more than the longest stay is too long; a final state has none."""
    limit = int(STAY_MAX_S[State.SENDING] * 1_000_000)
    assert not overstayed(State.SENDING, since=0, now=limit)
    assert overstayed(State.SENDING, since=0, now=limit + 1)
    assert not overstayed(State.PUBLISHED, since=0, now=10**18)


def test_the_diagram_draws_every_step() -> None:
    """The documentation's picture is the table."""
    assert diagram().count(" --> ") == sum(map(len, NEXT.values())) + 2 + len(FINAL)
