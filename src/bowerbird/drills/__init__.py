"""Drills break the real program on purpose and time how it notices and heals; proofs list what every promise rests on.

* `catalogue`      the 106 promises: 43 failures, 48 gaps, 3 patterns, 12 priorities
* `proofs`         each promise with its tests, its drill, its page and the last result
* `stage`          the real program on a rehearsal network, with somebody who receives its alerts
* `breaking`       the acts that break something, and mend it again; shared with the page "Break me"
* `row`            what one drill is; the files `layer1` … `patterns` hold them
* `rehearsal`      carry one drill out and measure it
* `runner`         every drill asked for, two programs at a time
* `report`         what came of it, as lines, as a table and as a page
* `breakme`        the page of the demo on which a visitor breaks things
"""
