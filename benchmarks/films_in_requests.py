"""What Schemathesis sends where the API description says `binary`: films as often as anything.

Random bytes are never an image, and no answer to one would be compared with the description.
Schemathesis loads this module itself, by `SCHEMATHESIS_HOOKS`.
"""

from __future__ import annotations

import schemathesis
from hypothesis import strategies

from benchmarks.images import EXAMPLES, images

FILMS = [*images("224² JPEG"), *(path.read_bytes() for path in sorted(EXAMPLES.glob("*.png")))]
"""Films, and what the gate refuses."""

schemathesis.openapi.format(
    "binary", strategies.one_of(strategies.sampled_from(FILMS), strategies.binary())
)
