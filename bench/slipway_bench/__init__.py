"""Slipway's model server beside others that people could run instead: the same work, in one run.

`models` makes the models and for each a `sample`, one request; `wire` puts it into bytes and reads answers.
`launch` knows how each server is started, `servers` starts them; `wrk`, `h2load` and `arrivals` are the load.
`cases` says what is compared and what the bars are, `contest`, `tail` and `start` run it, `table` tells.
`bench/speed.py` is the program.
"""
