"""Tracked tasks: accepting them, watching them, cancelling them. Judging that one is late is not done here.

`service` takes requests, `claim` is the SQL by which workers take and record looks, `exchange` talks to the servers,
`observe` and `clocks` are the rules, without a database and with the time passed in.
"""
