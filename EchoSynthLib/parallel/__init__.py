"""A map over independent items: in this process, over processes of this machine, or on a Dask cluster.

What an item becomes depends on the item alone, so results are the same whoever makes them, in whatever order and
however often; what a network adds up may differ in the last bit where processors or numbers of threads differ.
"""

from EchoSynthLib.parallel.items import check_places, run_items

__all__ = ["check_places", "run_items"]
