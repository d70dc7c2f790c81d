"""A year in virtual time: the whole engine, with breakers, alerts and monitors, among troubles that come and go.

* `run_years(years, seeds, first, jobs)`   many worlds, one `YearReport`
* `story(seed, day_s)`                     one world, told line by line
"""

from bowerbird.simulation.years.campaign import YearReport, run_years

__all__ = ["YearReport", "run_years"]
