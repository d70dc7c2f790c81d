"""Breakers, retries, deadlines and failpoints: how a call to something breakable is made."""
