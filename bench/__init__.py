"""Figures: pyinit beside its peers and beside the least that could do the job, all in one run."""
