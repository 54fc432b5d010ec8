"""Counters, their text form for Prometheus, and log lines."""
