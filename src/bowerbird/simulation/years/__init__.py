"""A year in virtual time: the whole engine, with breakers, alerts and monitors, among troubles that come and go.

* `run_years(years, seeds, first, jobs)`   many worlds, one `YearReport`
* `story(seed, years)`                     one world, told line by line
"""

from bowerbird.simulation.years.campaign import YearReport, run_years
from bowerbird.simulation.years.story import story

__all__ = ["YearReport", "run_years", "story"]
