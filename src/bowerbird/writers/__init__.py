"""Where texts come from: banks of claims with their evidence, and language models."""
