"""Bluesky: a thin client of the AT Protocol, with what the socket asks for and nothing else.

* `adapter`   the plug for the `Platform` socket
* `session`   who we are: signing in, and one renewal however many ask for it
* `xrpc`      one request, one answer or one error of our vocabulary
* `errors`    which error of Bluesky means which remedy
* `records`   the record that is frozen as a post's wire; `facets` finds its links, mentions and tags; `pictures` reads
  what goes with it
* `targets`   whether a post may be answered at all; Bluesky itself would accept the answer silently
* `mentions`  who spoke to us; `views` puts what Bluesky shows into our words
"""

from bowerbird.platforms.bluesky.adapter import Bluesky
from bowerbird.platforms.bluesky.session import Sessions, StoredSession

__all__ = ["Bluesky", "Sessions", "StoredSession"]
