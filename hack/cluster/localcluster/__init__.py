"""A real Kubernetes on the developer's own machine, from source, without an image registry.

The way of an `up`, and the file that does each step:

1. `settings`   the cluster's name, where binaries are cached and where state is kept
2. `packages`   the Debian packages that a node needs
3. `build`      etcd, Kubernetes, containerd, CoreDNS, … compiled from pinned Go modules, once
4. `home`       the cluster's one folder: `pki`, `kubeconfig` and `configs` fill it
5. `namespaces` a process becomes PID 1 of namespaces of its own; `init` is what it runs:
                `mounts`, `network`, `cgroups`, then `supervisor` starts `components`
6. `lifecycle`  waits for what a user needs: API ready, node Ready, DNS answering
7. `addons`     metrics-server, an S3 server

The end is simple because of step 5: killing PID 1 ends every process, mount and interface at
once. Files and control groups are all that outlives it, and `down` removes those.

`kind` does the same on top of a Docker engine where one answers; `cli` is the menu.
Nothing here needs more than Python's standard library: it runs before any virtual environment exists.
"""
