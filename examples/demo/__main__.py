"""Two examples at work: a rate limit, and a registrar under a dictionary attack; and a capture.

    python -m examples.demo        (make run)

Starts the proxy on loopback, sends it real traffic from several 127.0.0.x addresses, shows what
happened to each and what stands in its tables, then replays the capture of that traffic through
the same cfg and compares. At last it makes the capture of an attack, replays it through a cfg that
was not there then, and says where the report lies. It ends by itself within 20 seconds; the exit
code is 1 when live and replay differ or when somebody was treated wrongly.
"""

import os
import sys

from examples.demo import dictionary_attack, rate_limit, yesterday
from examples.demo.stage import EXAMPLES


def main() -> int:
    """All three stories; the exit code."""
    print("=== One flooder among phones: rate_limit.cfg\n")
    first = rate_limit.main()
    print("\n=== Guessing a password: dictionary_attack.cfg\n")
    second = dictionary_attack.main()
    print("\n=== What would it have done yesterday? A capture through dictionary_attack.cfg\n")
    return yesterday.main() or second or first


if __name__ == "__main__":
    os.chdir(EXAMPLES.parents[1])
    sys.exit(main())
