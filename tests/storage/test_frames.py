"""Frames: whatever happens to the end of a file, or in its middle, every whole record is found, and none twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.storage.frames import MARK, framed, whole_frames

PAYLOADS = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.just(MARK * 3)), max_size=8)


def _file(payloads: list[bytes], first: int = 1) -> bytes:
    return b"".join(framed(number, payload) for number, payload in enumerate(payloads, first))


@pytest.mark.proves("3.3", "8.3")
@given(PAYLOADS, st.data())
def test_a_file_cut_anywhere_keeps_every_whole_record(payloads: list[bytes], data: st.DataObject) -> None:
    """Cut at any byte, and followed by what was never written: the whole records are there, in order, once."""
    whole = _file(payloads)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [len(_file(payloads[:n])) for n in range(len(payloads) + 1)]
    complete = sum(end <= cut for end in ends[1:])
    found = list(whole_frames(whole[:cut] + bytes(data.draw(st.integers(0, 64)))))
    assert [(frame.number, frame.payload) for frame in found] == list(enumerate(payloads[:complete], 1))


@given(PAYLOADS, st.data())
def test_a_damaged_stretch_costs_only_the_records_in_it(payloads: list[bytes], data: st.DataObject) -> None:
    """One byte changed anywhere: at most one record is gone, and nothing is made up."""
    whole = bytearray(_file(payloads))
    if whole:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    found = [(frame.number, frame.payload) for frame in whole_frames(bytes(whole))]
    assert len(found) >= len(payloads) - 1
    assert set(found) <= set(enumerate(payloads, 1))


@given(PAYLOADS, PAYLOADS)
def test_what_an_older_round_left_behind_is_not_taken_for_new(old: list[bytes], new: list[bytes]) -> None:
    """A new round written over an old one: its records are found, and no old one comes after them."""
    fresh = _file(new, first=100)
    found = list(whole_frames(fresh + _file(old)[len(fresh) :]))
    assert [frame.payload for frame in found if frame.number >= 100] == new
    assert not new or all(frame.number >= 100 for frame in found)


def test_a_record_nobody_would_read_back_is_not_written() -> None:
    """Nothing, and too much."""
    for payload in (b"", bytes(16_000_001)):
        with pytest.raises(ValueError, match="never written"):
            framed(1, payload)
