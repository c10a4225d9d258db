"""Runs the code of a notebook as Jupyter would, cell by cell. Where matplotlib is installed, the figures are drawn, though nobody
sees them; elsewhere something that takes every call stands in its place."""
import json
import sys
from unittest.mock import MagicMock

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    def draw():
        pyplot.gcf().canvas.draw()
        pyplot.close("all")

    pyplot.show = MagicMock(side_effect=draw)
except ImportError:
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
