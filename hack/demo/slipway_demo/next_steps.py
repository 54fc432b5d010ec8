"""The last act: what to try now, as commands to copy."""

from __future__ import annotations

import json

from slipway_demo.example import NAMESPACE, Example
from slipway_demo.install import NAMESPACE as SYSTEM
from slipway_demo.models import inputs


def next_steps(example: Example, row: list[float]) -> str:
    """Commands that work as they stand."""
    body = json.dumps({"inputs": inputs(row)})
    url = f"{example.url}/v2/models/{example.model_name}"
    return f"""\
Try next (the first line makes kubectl and helm mean this cluster):

  eval "$(hack/cluster/cluster env)"
  kubectl config set-context --current --namespace={NAMESPACE}

  kubectl get mdep,pods,hpa                                # what is there
  kubectl describe mdep {example.name}                               # conditions and events
  kubectl explain mdep.spec.predictors                     # a sentence for every field
  kubectl apply -f {example.file}                      # back to the first model: a rollback
  kubectl scale mdep {example.name} --replicas=3
  kubectl logs --namespace={SYSTEM} deploy/slipway --follow

  hack/cluster/cluster exec -- curl -s {url}               # what the model takes and gives
  hack/cluster/cluster exec -- curl -s {url}/infer -d '{body}'

  make demo          # again, quicker
  make demo-clean    # the cluster and the demo's files go; the built binaries stay in the cache"""
