"""Slipway's runtime: fetches a model from its URI and serves it."""
