"""The networks we post to: one adapter each, all behind the same port."""
