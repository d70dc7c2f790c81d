"""The words: what everything is called, and what may follow what. No I/O, no asyncio, no time, no random."""
