"""The usual way beside the relay: a batch processor that posts each batch, under the same faults.

`functions` is the usual way as its documentation shows it, `worlds` lets both run in the simulated
world, `cases` are the hundred faults, and `table` puts both side by side.
"""

from tests.benchmarks.usual.table import measure

__all__ = ["measure"]
