"""The regular expressions of --filter, for every program that takes one."""
import re
import sys


def compiled(expression):
    """Its pattern; one that is wrong ends the program with one line and status 2."""
    try:
        return re.compile(expression)
    except re.error as problem:
        print(f"the filter '{expression}' is no regular expression: {problem}", file=sys.stderr)
        sys.exit(2)
