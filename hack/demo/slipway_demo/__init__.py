"""The demo: from a bare machine to a model that is replaced under load without losing a request.

`cli` reads the command line and walks through the acts; `console` shows progress and elapsed time;
`shell` runs other programs; `platform` is the cluster they run against. The acts, in order:

1. `install`  the cluster, both images, the chart
2. `models`   two estimators trained here, exported to ONNX; `store` puts them into S3
3. `serve`    `kubectl apply` of the example, Ready, predictions beside the estimator's own
4. `update`   the second model replaces the first while requests run; failures are counted
5. `autoscale` the HPA reacts to load
6. `next_steps` commands to copy

Each act looks first at what is there, so a second run skips what the first one did.
"""
