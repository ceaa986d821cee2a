"""The best and the worst classes, counted by hand."""

import numpy as np
import pytest

from zoo.report.class_accuracy import class_table
from zoo.training.callbacks import BestAndWorstClassesReport

NAMES = ("cat", "dog", "fox", "owl", "none")
TRUE = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
PREDICTED = np.array([0, 0, 0, 3, 1, 1, 3, 3, 0, 2, 0])


@pytest.mark.once
class TestTable:
    def test_names_each_class_with_its_share_and_its_commonest_mistake(self):
        assert class_table(TRUE, PREDICTED, NAMES, 10) == [
            {
                "class": name,
                "rank": rank,
                "accuracy": share,
                "images": images,
                "mostly taken for": m,
            }
            for name, rank, share, images, m in [
                ("dog", 1, "100%", 2, ""),
                ("cat", 2, "75%", 4, "1: owl"),
                ("fox", 3, "25%", 4, "2: owl"),
                ("owl", 4, "0%", 1, "1: cat"),
            ]
        ]

    @pytest.mark.parametrize(
        ("count", "shown"),
        [(1, ["dog", "owl"]), (2, ["dog", "cat", "fox", "owl"]), (3, ["dog", "cat", "fox", "owl"])],
    )
    def test_shows_as_many_of_either_kind_each_once(self, count, shown):
        assert [row["class"] for row in class_table(TRUE, PREDICTED, NAMES, count)] == shown


def test_is_on_the_page_with_its_figure(tiny, tiny_model, tmp_path):
    report = BestAndWorstClassesReport(tiny, tmp_path / "classes.png", count=1)
    tiny_model.fit(tiny.batches("train", 8), epochs=1, verbose=0, callbacks=[report])
    predicted = tiny_model.predict(tiny.normalize(tiny.x_val), verbose=0).argmax(axis=-1)
    section = report.section
    assert section.table == class_table(tiny.y_val, predicted, tiny.class_names, 1)
    assert section.picture == tmp_path / "classes.png" and section.picture.exists()


def test_counts_are_checked(tiny, tmp_path):
    with pytest.raises(ValueError, match="count=0 must be a whole number, 1 or more"):
        BestAndWorstClassesReport(tiny, tmp_path / "classes.png", count=0)
