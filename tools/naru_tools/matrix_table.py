"""docs/dialects.md out of what the runs of the translation matrix came to."""
import textwrap

WIDTH = 100
HEAD = """# Which feature crosses to which dialect

Made by `tools/dialects` from the tests that ran (`tests/gateway/test_matrix.py` over the files of
`tests/matrix`), not by hand. A row is a feature, a column a client's dialect → an upstream's:
{dialects}

| cell | means |
|---|---|
| carried | arrives whole, plain and streamed, in the other's own words |
| loss: … | goes on without these fields, or with the nearest there is: named in the log |
| – | not applicable: that client cannot say it, or that upstream never answers so |

A field of a request is named in the header `x-naru-loss` too, and counted; what becomes of it is
the model's `on_loss` ([settings](settings.md)). `answer.…` is what a client's dialect cannot show.

"""


class Incomplete(Exception):
    """A cell that no test has filled."""


def cell_text(cell: dict | None, feature: str, pair: list[str]) -> str:
    words = {"carried": "carried", "not applicable": "–"}
    kind = (cell or {}).get("is")
    if kind == "loss" and cell.get("fields"):
        return "loss: " + ", ".join(f"`{name}`" for name in cell["fields"])
    if kind not in words:
        raise Incomplete(f"docs/dialects.md: {feature}, {pair[0]} -> {pair[1]} is empty; give "
                         f"tests/matrix/{feature}.txt the sections of both dialects, or say there "
                         "which of them lacks it")
    return words[kind]


def table(results: dict) -> str:
    """The whole document. Fails: Incomplete."""
    pairs = results["pairs"]
    dialects = results["dialects"]
    columns = [f"{dialects[client]['letter']} → {dialects[upstream]['letter']}"
               for client, upstream in pairs]
    lines = ["| feature | " + " | ".join(columns) + " |", "|---" * (len(pairs) + 1) + "|"]
    group = None
    for feature, row in sorted(results["features"].items()):
        if feature.split("/")[0] != group:
            group = feature.split("/")[0]
            lines.append(f"| **{group}** |" + " |" * len(pairs))
        cells = [cell_text(row["cells"].get(" ".join(pair)), feature, pair) for pair in pairs]
        lines.append(f"| {row['title']} | " + " | ".join(cells) + " |")
    legend = ", ".join(f"**{one['letter']}** {one['title']}" for one in dialects.values()) + "."
    return HEAD.format(dialects=textwrap.fill(legend, WIDTH)) + "\n".join(lines) + "\n"
