"""Slipway's operator: turns ModelDeployments into Deployments, Services and autoscalers."""
