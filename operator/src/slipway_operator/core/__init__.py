"""Everything that decides, and nothing that touches the world.

No kopf, no client, no asyncio, os, time or random: `now` is a parameter, writes are values
(`actions`), and the same input gives the same output. The import linter holds this.
"""
