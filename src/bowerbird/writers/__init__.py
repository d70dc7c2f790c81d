"""The writers: a claim bank whose entries carry their evidence, language models, and the ladder over both."""
