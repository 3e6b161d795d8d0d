"""x"""

import argparse


def run(options: argparse.Namespace) -> None: ...
def arguments(parser: argparse.ArgumentParser) -> None: ...
