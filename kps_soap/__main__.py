"""``python -m kps_soap`` is the command ``kps``."""

from kps_soap.cli import main

main()
