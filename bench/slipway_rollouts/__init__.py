"""Slipway's operator beside Argo Rollouts: the same work on the same cluster, in one run.

`programs` builds Argo's controller and the fake nodes' kubelet from pinned Go modules. `contestants` says how
each controller is started, what a user creates and changes, and when it is done; both get the pods that
`template` renders, Argo in the objects of `argo_objects`. `controller` reads the process's memory and CPU,
`audit` counts who wrote how often, `api` is the user's client.

`scale`: `plane` brings up a fresh control plane for each of them, `nodes` gives it nodes on which every pod
is ready at once, `crowd` creates and changes objects at a fixed rate and waits for all of them.

`update` drives updates of real pods under load in a whole cluster, which `world` brings up; `shares` reads
the load's report. `table` tells both, and `bench/rollouts.py` is the program.
"""
