"""Layer 4: claims a due post, sends it once, and settles by looking whatever is unsure."""
