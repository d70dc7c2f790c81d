"""Worlds in virtual time with faults and crashes, and the judge of what happened in them."""
