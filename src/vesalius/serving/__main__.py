"""`python -m vesalius.serving ROLE`: one process, started by the supervisor."""

import sys

from vesalius.serving import start_role

if __name__ == "__main__":
    sys.exit(start_role(sys.argv[1]))
