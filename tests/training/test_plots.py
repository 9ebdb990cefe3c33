from hashing.training.plots import learning_curves


def test_a_run_without_validations_shows_its_loss_alone() -> None:
    losses = [(0, 2.0), (1, 1.5)]
    titles = [axes.get_title(loc="left") for axes in learning_curves(losses, []).axes]
    assert titles == ["Loss"]
    both = learning_curves(losses, [(1, 0.5)])
    assert len(both.axes) == 2
    assert both.axes[1].lines[0].get_ydata().tolist() == [0.5]
