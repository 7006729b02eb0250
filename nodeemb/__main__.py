"""python -m nodeemb: the command line, where its script is not on the path."""

from nodeemb.cli.main import main

main()
