"""Settings for every test: one thread per worker, no screen, repeatable random examples."""

from __future__ import annotations

import os

# Before numpy or torch is imported: the suite runs in two processes, more threads would fight for the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import HealthCheck, settings

# No deadline anywhere: work is budgeted, not seconds. `night` looks where the others don't reach.
slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", deadline=None, suppress_health_check=slow)
settings.register_profile("ci", deadline=None, suppress_health_check=slow, derandomize=True, print_blob=True)
settings.register_profile("night", deadline=None, suppress_health_check=slow, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))
