"""An argument parser that names the nearest flag when one is unknown."""

import argparse
import difflib


class Parser(argparse.ArgumentParser):
    """`argparse.ArgumentParser` without abbreviations, descriptions kept as they are written."""

    def __init__(self, **settings):
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def parse_args(self, args=None, namespace=None):
        known, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flag = unknown[0].partition("=")[0]
            near = difflib.get_close_matches(flag, self._option_string_actions, n=1)
            meant = f"; did you mean {near[0]}?" if near else "; --help lists the flags"
            self.error(f"unknown argument {unknown[0]}{meant}")
        return known
