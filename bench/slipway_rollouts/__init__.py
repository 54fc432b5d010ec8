"""Slipway's operator beside Argo Rollouts: the same work on the same control plane, in one run.

`programs` builds Argo's controller and the fake nodes' kubelet from pinned Go modules. `plane` brings up a
fresh control plane for each of them, `nodes` gives it nodes on which every pod is ready at once.
`contestants` says how each controller is started, what a user creates and changes, and when it is done;
both get the pod template that `template` renders. `crowd` creates and changes objects at a fixed rate
through `api` and waits for all of them; `controller` reads the process's memory and CPU, `audit` counts who
wrote how often. `scale` runs it, `table` tells. `bench/rollouts.py` is the program.
"""
