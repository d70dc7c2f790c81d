"""Layer 6: the one door to the database; no connection or transaction leaves this room."""
