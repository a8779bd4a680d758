"""`python -m import_relay.check FILE`: all mistakes of connections.toml at once."""

import sys

from import_relay.check.check_connections import main

sys.exit(main(sys.argv[1:]))
