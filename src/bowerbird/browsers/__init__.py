"""Layer 5: real browsers, lent out by the seat and taken back in time."""
