"""Slipway's model server beside others that people could run instead: the same work, in one run.

`models` makes the models and one request each, `wire` puts it into bytes and reads answers, `peers` knows how
each server is started, `servers` starts them, `wrk`, `h2load`, `loop` and `arrivals` are the load, `cases`
says what is compared and what the bars are, `rounds` runs it, `table` tells. `bench/speed.py` is the program.
"""
