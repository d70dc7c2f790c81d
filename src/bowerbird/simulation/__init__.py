"""Worlds in virtual time with faults and crashes, and the judge of what happened in them.

* `run_campaign(seeds, first, jobs)`    many worlds, one `Report`
* `story(seed)`                         one world, told line by line
* `FakePlatform`                        a platform in memory that keeps the truth and fails on request
"""

from bowerbird.simulation.campaign import Report, run_campaign
from bowerbird.simulation.platform import FakePlatform, Script
from bowerbird.simulation.story import story

__all__ = ["FakePlatform", "Report", "Script", "run_campaign", "story"]
