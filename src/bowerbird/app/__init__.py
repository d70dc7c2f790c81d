"""The composition root: settings in, running processes out. The only room that names every concrete part.

* `books`          where the books are and how they are opened
* `connections`    the adapter of each account
* `accounts`       how an account comes in
* `verbs`          what a person may ask for
* `engine`         every room bound to its job, and run
* `face`           the dashboard as a process
"""
