"""Options come from the configuration dataclasses, and a file gives the same configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig, SearchConfig
from edgetlc.cli.commands import Commands, settings
from edgetlc.cli.verify import Asked, Outputs
from edgetlc.config import from_toml, to_toml
from edgetlc.export.thresholds import ThresholdTargets
from edgetlc.locale import _
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.verify import CollectionConfig
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.augment import LIMITS, Augmentation
from edgetlc.training.camera_augment import CameraAugmentation, known_looks
from edgetlc.training.config import Distillation, TrainingConfig

Run = Callable[..., Any]
CONFIGS = (
    CalibrationConfig,
    QuantizationConfig,
    SearchConfig,
    VerificationConfig,
    CollectionConfig,
    ThresholdTargets,
    TrainingConfig,
)


def told(kind: type, *words: object, without: str = "", file: bool = True) -> Any:
    """Return the configuration that a command gets, or what the program printed."""
    got = []

    def command(config: Any) -> None:
        """Take a configuration."""
        got.append(config)

    command.__annotations__["config"] = Annotated[kind, without] if without else kind
    app = Commands(_("A program."))
    app.command(file=file)(command)
    result = CliRunner().invoke(app, ["command", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return got[0] if got else result.output


@pytest.mark.parametrize("kind", CONFIGS)
def test_without_options_all_is_as_declared(kind: type) -> None:
    assert told(kind) == kind()


@pytest.mark.parametrize("kind", [*CONFIGS, Asked, Outputs])
def test_every_setting_has_one_flag_and_help(kind: type) -> None:
    found = list(settings(kind))
    flags = [setting.flag for setting in found]
    assert len(set(flags)) == len(flags) > 0
    assert all(setting.option.help.endswith(".") for setting in found)


def test_training_options_reach_every_level() -> None:
    config = told(
        TrainingConfig,
        *("--arch", "resnet34", "--lr", "3e-4", "--size", 96, "--compile"),
        *("--augment", "none", "--augment", "rotation=20"),
        *("--camera-augment", 0.25, "--teacher", "runs/big", "--distill-weight", 0.8),
        *("--weights", "imagenet", "--cache-limit", 0.5),
    )
    assert config == TrainingConfig(
        architecture="resnet34",
        learning_rate=3e-4,
        contract=PixelContract(size=96),
        compile=True,
        augmentation=Augmentation().with_settings(["none", "rotation=20"]),
        camera_augmentation=CameraAugmentation(probability=0.25),
        distillation=Distillation(Path("runs/big"), 0.8),
        weights="imagenet",
        cache_limit=500_000_000,
    )
    assert told(TrainingConfig, "--weights", "w.pth").weights == Path("w.pth")


def test_flags_of_other_configurations() -> None:
    words = ("--margin", 0.05, "--false-genuine-margin", 0.01, "--label-free", "--sequential")
    config = told(VerificationConfig, *words)
    assert (config.rule.margin, config.gate_rule.margin) == (0.05, 0.01)
    assert (config.labelled, config.gate_rule.sequential) == (False, True)
    assert told(VerificationConfig, "--margin", 0.05).gate_rule.margin == 0.05
    assert told(CollectionConfig, "--shard", "2/4").shard == (2, 4)
    layers = ("--float-layer", "a", "--float-layer", "b", "--qat", 2)
    config = told(QuantizationConfig, *layers)
    assert (config.float_layers, config.qat.epochs) == (("a", "b"), 2)
    assert told(SearchConfig, "--student", "small").students == (Path("small"),)


def test_a_command_without_one_of_the_options() -> None:
    words = ("--arch", "resnet34")
    assert "No such option: --arch" in told(TrainingConfig, *words, without="--arch")


class TestFile:
    def test_options_go_before_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "run.toml"
        file.write_text("epochs = 3\nseed = 7\ncompile = true\n[contract]\nsize = 64\n")
        config = told(TrainingConfig, "--config", file, "--epochs", 5, "--no-compile")
        assert (config.epochs, config.seed, config.compile) == (5, 7, False)
        assert config.contract.size == 64
        changed = told(TrainingConfig, "--config", file, "--geometry", "crop").contract
        assert changed == PixelContract(64, "crop")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("epoch = 3", "run.toml: unknown setting 'epoch'; did you mean 'epochs'?"),
            ("epochs = '3'", "run.toml: epochs is '3'; it takes a whole number"),
            ("epochs = 0", "run.toml: epochs 0, batch size 32"),
            ("[contract]\nsize = 7", "run.toml: input size is 7"),
            ("[distillation]\nweight = 0.3", "run.toml: distillation.teacher is missing"),
            ("epochs", "run.toml: not a readable configuration: "),
        ],
    )
    def test_a_wrong_file_is_one_line(
        self, text: str, reason: str, tmp_path: Path, edgetlc: Run
    ) -> None:
        file = tmp_path / "run.toml"
        file.write_text(text, encoding="utf-8")
        words = ("--data", tmp_path / "m.csv", "-o", tmp_path / "run", "--config", file)
        ran = edgetlc("train", *words)
        assert ran.status == 2
        assert reason in ran.err
        assert len(ran.err.splitlines()) == 1

    def test_a_file_that_is_not_there(self, tmp_path: Path, edgetlc: Run) -> None:
        words = ("--data", "m.csv", "-o", tmp_path / "run", "--config", tmp_path / "gone.toml")
        ran = edgetlc("experiment", "folds", *words)
        assert ran.status == 2
        assert "gone.toml: " in ran.err


SHARES = st.floats(0, 1)
CONFIGURATIONS = st.builds(
    TrainingConfig,
    architecture=st.sampled_from(["resnet18", "densenet161"]),
    epochs=st.integers(1, 10**6),
    batch_size=st.integers(2, 10**6),
    learning_rate=st.floats(1e-12, 1e3),
    label_smoothing=st.floats(0, 0.99),
    seed=st.integers(0, 2**32 - 1),
    weights=st.none() | st.just("imagenet") | st.just(Path('weights/a "b".pth')),
    contract=st.builds(PixelContract, st.integers(32, 1024), st.sampled_from(["squash", "crop"])),
    augmentation=st.builds(
        Augmentation, **{name: st.floats(0, largest) for name, largest in LIMITS.items()}
    ),
    patience=st.none() | st.integers(1, 99),
    compile=st.booleans(),
    camera_augmentation=st.none()
    | st.builds(CameraAugmentation, st.just(known_looks()), SHARES, st.floats(0, 2), beyond=SHARES),
    distillation=st.none()
    | st.builds(Distillation, st.just(Path("runs/大")), st.floats(0.01, 1), st.floats(0.1, 99)),
    cache=st.none() | st.just(Path("cache")),
    cache_limit=st.integers(0, 10**14),
)


@given(CONFIGURATIONS)
def test_a_training_configuration_survives_its_file(config: TrainingConfig) -> None:
    assert from_toml(to_toml(config), TrainingConfig) == config


def test_every_field_is_in_the_file_or_unset() -> None:
    config = replace(TrainingConfig(), weights="imagenet", patience=1, cache=Path("c"))
    config = replace(
        config, camera_augmentation=CameraAugmentation(), distillation=Distillation(Path("t"))
    )
    text = to_toml(config)
    assert all(f"{field.name} = " in text or f"[{field.name}]" in text for field in fields(config))


@pytest.mark.parametrize("name", ["train"])
def test_defaults_stand_in_the_help(name: str, edgetlc: Run) -> None:
    text = " ".join(edgetlc(name, "--help").out.split())
    for default in ("[resnet50]", "[0.001]", "[32]", "[0.5]", "[20]"):
        assert default in text
    assert json.dumps(TrainingConfig().epochs) == "20"
