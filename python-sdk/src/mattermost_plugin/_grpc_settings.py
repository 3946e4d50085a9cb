"""What has to be settled before grpc is imported; the package imports this first.

gRPC's support for forking is off, unless the environment says otherwise: with it, about one in seven processes that a handler
forks (multiprocessing does so on Linux) dies of a segmentation fault. Without it such a process must not use gRPC, which it
could not rely on either way.
"""

from __future__ import annotations

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
