"""Layer 3: keeps hours of cover by asking a writer, judging the drafts and giving each a slot and a reason."""
