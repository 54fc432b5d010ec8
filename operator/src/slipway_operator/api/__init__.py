"""The contract with users: the resource, its names, its conditions. Pure; imports nothing above it."""
