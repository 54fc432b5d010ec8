"""The commands, and the composition root: everything is made and wired here, and nowhere else."""
