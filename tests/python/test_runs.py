"""Kept runs as pandas and TensorBoard read them. `cargo xtask test` runs this with the program of
examples/parity in UNIT8_PARITY."""

import os
import subprocess

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util

NAMES = {"first": 1, 'a, "b"\n\U0001f600': 2, "third": 3}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    subprocess.run([os.environ["UNIT8_PARITY"], "runs", str(folder)], check=True)
    return folder


def test_numbers_come_back_from_csv_to_the_last_bit(kept):
    table = pd.read_csv(kept / "runs.csv").set_index("name")
    assert set(table.index) == set(NAMES)
    for name, number in NAMES.items():
        run = table.loc[name]
        share = number / 7.0
        assert run["learning_rate"] == share * 1e-5
        assert run["test accuracy"] == share * share
        assert run["val loss"] == 1 / 3 and run["epochs"] == number
        assert run["layers"] == "last two" and np.isnan(run["nothing"]) and run["ended"] == "done"


def test_tensorboard_reads_curves_results_and_hyperparameters(kept):
    folders = sorted((kept / "tensorboard").iterdir())
    assert len(folders) == 3
    seen = set()
    for folder in folders:
        events = EventAccumulator(str(folder)).Reload()
        start = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        session = metadata.parse_session_start_info_plugin_data(start)
        number = NAMES[session.group_name]
        seen.add(number)
        assert session.hparams["learning_rate"].number_value == number / 7.0 * 1e-5
        assert session.hparams["layers"].string_value == "last two"
        assert session.hparams["patience"].string_value == "none"
        end = events.SummaryMetadata("_hparams_/session_end_info").plugin_data.content
        assert metadata.parse_session_end_info_plugin_data(end).status == 1
        losses = events.Scalars("loss/train")
        assert [event.step for event in losses] == list(range(1, number + 1))
        expected = [np.float32(number / 7.0 / epoch) for epoch in range(1, number + 1)]
        assert [np.float32(event.value) for event in losses] == expected
        assert events.Scalars("within the epochs/loss")[0].value == 0.25
        assert np.isnan(events.Scalars("results/nothing")[0].value)
        assert len(events.Scalars("accuracy/val")) == number
        text = tensor_util.make_ndarray(events.Tensors("run")[0].tensor_proto)
        assert text.item().decode() == f"{session.group_name}\n\na note"
    assert seen == {1, 2, 3}
