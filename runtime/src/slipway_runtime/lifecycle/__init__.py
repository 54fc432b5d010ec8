"""A model's life: the states, who may change them, and what happens on the way to READY."""
