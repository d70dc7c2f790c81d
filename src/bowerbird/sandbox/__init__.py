"""The rehearsal network: a small social network, in a process of its own, that stands for the real ones.

Read it from the outside in: `wire` (what goes wrong on the way) > `api` and `site` (the two doors) > `world`
(who is there and what was said) > `journal` (what was accepted, the truth by which losses and doubles are
judged). `audience` is the law by which people react and `cast` the people; nobody but this package may read
either, or the engine would learn the law from the source instead of from the numbers.
"""
