"""What `zoo list` shows, and the README's table of the course: from cards, docstrings and results.

`python results/record.py` writes both.
"""

import json
from collections.abc import Callable, Sequence
from itertools import groupby

import zoo
from zoo import contents, tasks
from zoo.recipes import LESSONS

Groups = Sequence[Sequence[dict[str, str]]]  # the rows of each setting, one per seed


def as_json(groups: Groups, in_words: Callable) -> str:
    """The text of contents.json."""
    entries = {"models": models(), "recipes": recipes(groups, in_words), "datasets": datasets()}
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def models() -> list[dict[str, str]]:
    """One entry per registered model, in the order of the course."""
    cards = [zoo.card(name) for name in zoo.list_models()]
    return [
        {
            "name": card.name,
            "session": "" if card.session is None else str(card.session),
            "parameters": "" if card.params is None else f"{card.params:,}",
            "weights": ", ".join(card.weights),
            "summary": card.summary,
        }
        for card in sorted(cards, key=lambda card: card.session or max(LESSONS) + 1)
    ]


def recipes(groups: Groups, in_words: Callable) -> list[dict[str, str]]:
    """One entry per recipe: what it shows, and its best measured result if it trains."""
    entries = []
    for name, path in contents.recipes().items():
        first_line = contents.docstring(path).partition("\n")[0]
        subject = first_line.partition(": ")[2].rstrip(".")
        entries.append(
            {
                "name": name,
                "session": f"{contents.session(name):g}",
                "what it shows": subject[:1].upper() + subject[1:],
                "best result": _best(name, groups, in_words),
            }
        )
    return entries


def datasets() -> list[dict[str, str]]:
    """One entry per dataset that `zoo.datasets.load` knows by name."""
    return [{"name": name} for name in zoo.datasets.names()]


def course_table(entries: Sequence[dict[str, str]]) -> str:
    """Markdown: the recipes of each session under the lesson's title."""
    lines = ["| session | recipe | what it shows | best result |", "|---|---|---|---|"]
    for session, group in groupby(entries, key=lambda entry: entry["session"]):
        lines.append(f"| **{session}** | **{LESSONS[float(session)]}** | | |")
        lines += [
            f"| | [`{entry['name']}`](recipes/{entry['name']}.py) | {entry['what it shows']} "
            f"| {entry['best result']} |"
            for entry in group
        ]
    return "\n".join(lines)


def _best(recipe: str, groups: Groups, in_words: Callable) -> str:
    """`99.49 % ± 0.04 (3 seeds), mnist_8k on mnist`; "" for a recipe without rows."""
    own = [group for group in groups if group[0]["recipe"] == recipe]
    if not own:
        return ""
    metric = tasks.metric(own[0][0]["metric"])

    def mean(group):
        return sum(float(row["value"]) for row in group) / len(group)

    best = max(own, key=mean) if metric.higher_is_better else min(own, key=mean)
    label = "" if metric.key == "accuracy" else f" {metric.label}"
    jpeg = "*" if any("JPEG" in row["note"] for row in best) else ""
    return f"{in_words(best)}{label}, {best[0]['model']} on {best[0]['dataset']}{jpeg}"
