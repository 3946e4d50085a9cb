"""What the benches make of their figures: medians of ratios, held against what is wanted.

Only ratios within a round are looked at, and their median is reported, so that other work on the machine weighs on both sides
alike. The middle half of them tells how far to trust it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import List, Optional, Sequence


class Verdicts:
    """Prints what was found, and keeps what missed its bound."""

    def __init__(self) -> None:
        self._missed: List[str] = []

    def ratio(
        self,
        name: str,
        figures: str,
        ratios: Sequence[float],
        *,
        least: Optional[float] = None,
        most: Optional[float] = None,
        more: str = "",
    ) -> float:
        """Print a line with the median of ratios; returns that."""
        ordered = sorted(ratios)
        ratio, quarter = statistics.median(ordered), len(ordered) // 4
        wanted = f", wanted at least {least:.2f}" if least is not None else ""
        wanted += f", wanted at most {most:.2f}" if most is not None else ""
        middle = f"middle half {ordered[quarter]:.2f} to {ordered[-1 - quarter]:.2f}"
        print(f"{name}  {figures}   ratio {ratio:.2f} ({middle}{wanted}){more}", flush=True)
        if least is not None and ratio < least:
            self._missed.append(f"{name}: {ratio:.2f} < {least:.2f}")
        if most is not None and ratio > most:
            self._missed.append(f"{name}: {ratio:.2f} > {most:.2f}")
        return ratio

    def amount(self, name: str, mebibytes: float, *, most: Optional[float], more: str = "") -> None:
        """Print a line with an amount of memory."""
        wanted = f" (wanted at most {most:.0f})" if most is not None else ""
        print(f"{name}  {mebibytes:.0f} MiB{wanted}{more}", flush=True)
        if most is not None and mebibytes > most:
            self._missed.append(f"{name}: {mebibytes:.0f} MiB > {most:.0f} MiB")

    def status(self, options: argparse.Namespace) -> int:
        """Say what was missed; returns what the process ends with."""
        for line in self._missed:
            print(f"missed: {' '.join(line.split())}", file=sys.stderr)
        return 1 if self._missed and not options.report_only else 0
