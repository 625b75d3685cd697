"""How many examples hypothesis tries: `HYPOTHESIS_PROFILE=long pytest` tries many more."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("default", max_examples=80, deadline=None, print_blob=True)
settings.register_profile("long", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
