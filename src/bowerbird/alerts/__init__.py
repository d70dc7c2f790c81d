"""Alerts: see what is wrong, find its root, tell it once, and make sure that somebody was told.

* `rules`         one table of what is wrong when; Prometheus gets the same
* `symptoms`      which rules hold just now, and for how long
* `graph`         which part needs which, and so what is the root of it all
* `incidents`     the judge: opens, links, closes and tells
* `telling`       the words of a message, quiet hours, silences, reminders
* `outbox`        messages on their way, at least once
* `notifiers`     the channels themselves, whose addresses are secrets
* `prometheus`    the same rules for Prometheus and Alertmanager
"""
