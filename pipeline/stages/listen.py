"""Listen: a second witness judges every claim and every decoy, beside `verify`. Left out unless a recipe names a backend."""

from pipeline.stages.verify import Verify


class Listen(Verify):
    name = "listen"
    default_backend = None
