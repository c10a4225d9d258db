"""Runs the code of a notebook as Jupyter would, cell by cell, with something in the place of matplotlib that takes every call."""
import json
import sys
from unittest.mock import MagicMock

pyplot = MagicMock()
pyplot.subplots.return_value = (MagicMock(), MagicMock())
pyplot.subplots.return_value[1].__iter__ = lambda self: iter([MagicMock() for _ in range(11)])
sys.modules["matplotlib"] = MagicMock(pyplot=pyplot)
sys.modules["matplotlib.pyplot"] = pyplot

with open(sys.argv[1], encoding="utf-8") as file:
    notebook = json.load(file)
scope = {"__name__": "__main__"}
for cell in notebook["cells"]:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), scope)
print("figures shown:", pyplot.show.call_count)
