"""The command on the packaged study, and on one without people."""

import pandas as pd
import pytest
from click.testing import CliRunner

from coverage.catalogue import load_study
from coverage.cli import main
from coverage.errors import UsageError
from coverage.weak_points import require_population


def test_the_sample_has_both_tables(tmp_path):
    answer = CliRunner().invoke(main, ["weak-points", "sample", "--out", str(tmp_path)])
    assert "weak_links.csv" in answer.output, answer.output
    for name in ("weak_links", "shortcuts"):
        table = pd.read_csv(tmp_path / f"{name}.csv")
        assert table["rank"].tolist() == list(range(1, len(table) + 1))
        assert table["lon"].between(100, 110).all()
        assert table["lat"].between(25, 35).all()
        assert table["area"].str.contains("街道").all()


def test_a_study_without_people_is_told_so():
    study = load_study("sample").model_copy(update={"population": None})
    with pytest.raises(UsageError, match="where people live"):
        require_population(study)
