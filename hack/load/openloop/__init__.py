"""Open-loop load on one model: fixed arrivals, every answer checked.

Requests leave at a fixed rate whatever the server does, and latency counts from the moment each
one was *meant* to leave, so a stall shows in every request it delayed. Each request carries an id
of its own; its answer must be a 2xx with that id, a revision, and the values that revision's model
gives for that very input. Anything else is a failure, kept by class with a few samples.

`schedule` says when requests are due; `transport` carries them (a connection each, or a keep-alive
pool); `expect` makes the bodies and judges the answers; `record` counts; `report` tells. `run`
puts them together, `__main__` is the command line, `session` starts the program from another one.
Only the standard library is needed, so it runs wherever a Python does; gRPC and pictures need their own.
"""
