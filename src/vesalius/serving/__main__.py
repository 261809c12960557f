"""`python -m vesalius.serving ROLE`: one process, started by the supervisor."""

import sys

from vesalius.serving import run_role
from vesalius.settings import Settings

if __name__ == "__main__":
    sys.exit(run_role(sys.argv[1], Settings()))
