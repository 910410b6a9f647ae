"""`python -m outreach`: the command line where the console script is not on the path."""

from outreach.cli import main

main()
