"""How a function becomes a command: its configurations' fields, and what all share, are options.

    @app.command(toolchain="edgetlc experiment folds", file=True)
    def folds(data: Data, config: TrainingConfig, count: int = option(5, _("Networks."))) -> Answer:

A parameter whose type is a dataclass stands for one option per field that people set
(`edgetlc.config`), and for those of the dataclasses in it; a parameter can be such a field itself.
What is not given on the command line keeps its value from the file of `--config`, where the
command has that, or its default. A command without one of the options says so:
`Annotated[TrainingConfig, "--arch"]`. The function's docstring is the command's help. What it
returns is printed here, as a table or as JSON.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import types
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, make_dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

from edgetlc.cli.console import Answer
from edgetlc.config import Option, from_toml, options
from edgetlc.errors import InputError, MissingExtraError
from edgetlc.locale import Message, _, local
from edgetlc.text import read_text

Function = Callable[..., Answer | None]
_PACKAGES = "torch torchvision onnx onnxscript nncf openvino safetensors sklearn"
PACKAGES = tuple(_PACKAGES.split())  # what an installation with the toolchain has

Json = Annotated[
    bool, typer.Option("--json", help=_("Print one JSON document and nothing else on stdout."))
]

Language = Annotated[
    Literal["en", "zh"] | None,
    typer.Option("--lang", help=_("Language of what is told; else EDGETLC_LANG, or the system's.")),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help=_("Show the traceback of an error."))
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=_("Take settings from this file, such as a run's config.toml; options override it."),
    ),
]


def need_toolchain(command: str) -> None:
    """Refuse to go on in an installation without the toolchain.

    Raises:
        MissingExtraError: a package is missing.
    """
    if any(find_spec(package) is None for package in PACKAGES):
        raise MissingExtraError(command, "toolchain")


def _group(lang: Language = None, verbose: Verbose = False) -> None:
    """Do nothing: `edgetlc.cli.app.main` looks for both itself, before there is a command."""


def _shared(json_: Json = False, lang: Language = None, verbose: Verbose = False) -> None:
    """Hold the options of every command."""


class Commands(typer.Typer):
    """The program, or a group of its commands."""

    def __init__(self, help: Message, callback: Function = _group, **how: Any) -> None:
        callback.__signature__ = _signature(callback)  # type: ignore[attr-defined]
        super().__init__(
            help=local(help),
            callback=callback,
            no_args_is_help=True,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            **how,
        )

    def command(  # type: ignore[override]
        self, name: str | None = None, *, toolchain: str = "", file: bool = False
    ) -> Callable[[Function], Function]:
        """Register a function as a command.

        Args:
            name: the function's own unless given.
            toolchain: what the command is called where it needs the workstation's packages.
            file: whether it trains: it takes `--config`, and of a `torchrun` one process speaks.
        """

        def register(function: Function) -> Function:
            text = Message(inspect.getdoc(function) or "", "", {}, "")
            called = expanded(function, toolchain=toolchain, file=file)
            super(Commands, self).command(name, help=local(text))(called)
            return function

        return register


@dataclass(frozen=True)
class Setting:
    """A field that people set: where it lies in a configuration, its type, how it is told."""

    path: tuple[str, ...]
    kind: Any
    option: Option
    default: Any

    @property
    def flag(self) -> str:
        """What it is called on the command line."""
        return self.option.flag or "--" + self.path[-1].replace("_", "-")

    @property
    def name(self) -> str:
        """The parameter's name, unique in a configuration."""
        return "_".join(self.path)

    def parameter(self) -> inspect.Parameter:
        """Return the option of the command line; None stands for "not given"."""
        option, kind = self.option, self.kind
        if option.parse or _is_union(kind):
            kind = str
        elif is_dataclass(kind):
            kind = list[str]
        elif get_origin(kind) is tuple:
            kind = list[get_args(kind)[0]]  # type: ignore[misc]
        shown = option.shown
        if shown is None and isinstance(self.default, str | float | int) and kind is not bool:
            shown = str(self.default)
        info = typer.Option(
            self.flag,
            help=local(option.help) + (f" [{shown}]" if shown else ""),
            show_default=False,
            metavar=option.metavar,
            min=option.min,
            max=option.max,
        )
        return _keyword(self.name, Annotated[kind | None, info], None)

    def value(self, given: Any, before: Any) -> Any:
        """Return what the command line gave as the field holds it, which held `before`."""
        if self.option.parse:
            return self.option.parse(given)
        if self.kind is bool:
            return given if "/" in self.flag else not self.default
        if is_dataclass(self.kind):
            return before.with_settings(given)
        if _is_union(self.kind):  # a word of its own, or a file
            words = [word for kind in get_args(self.kind) for word in get_args(kind)]
            return given if given in words else Path(given)
        return tuple(given) if isinstance(given, list) else given


def settings(config: Any, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Yield what people can set of a configuration, and of those in it."""
    kinds, mine = get_type_hints(config), options(config)
    for field in fields(config):
        place, kind = (*path, field.name), _plain(kinds[field.name])
        if field.name in mine:
            default = None if field.default is MISSING else field.default
            yield Setting(place, kind, mine[field.name], default)
        elif is_dataclass(kind):
            yield from settings(kind, place)


def changed(config: Any, kind: Any, given: Mapping[Setting, Any], depth: int = 0) -> Any:
    """Return a configuration with what was given on the command line; None as `config` makes one.

    `depth` tells how deep in the whole configuration it lies.

    Raises:
        InputError: a value out of range, or one that means nothing without another.
    """
    kinds = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name in dict.fromkeys(setting.path[depth] for setting in given):
        before = getattr(config, name, None)
        own = {s: value for s, value in given.items() if s.path[depth] == name}
        setting, value = next(iter(own.items()))
        if len(setting.path) > depth + 1:
            values[name] = changed(before, _plain(kinds[name]), own, depth + 1)
        else:
            values[name] = setting.value(value, before)
    if config is not None:
        return replace(config, **values)
    for field in fields(kind):
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in values:
            flags = next(iter(given)).flag, options(kind)[field.name].flag
            raise InputError("{flag} needs {needed}", flag=flags[0], needed=flags[1])
    return kind(**values)


def expanded(function: Function, *, toolchain: str = "", file: bool = False) -> Function:
    """Return a function as typer is to see it; arguments as for `Commands.command`.

    Only a function that has a parameter `json_` is told whether JSON is asked for: it prints its
    document itself, piece by piece.
    """
    signature = _signature(function).parameters
    single = [p for p in signature.values() if isinstance(p.default, Field)]
    triples = [(p.name, p.annotation, p.default) for p in single]
    own_kind = make_dataclass(function.__name__, triples)
    own = {setting.name: setting for setting in settings(own_kind)}
    configurations: dict[str, tuple[Any, list[Setting]]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.items():
        kind, *about = get_args(parameter.annotation) or (parameter.annotation,)
        if is_dataclass(kind):
            configurations[name] = kind, [s for s in settings(kind) if s.flag not in about]
            parameters += [setting.parameter() for setting in configurations[name][1]]
        elif name in own:
            parameters.append(own[name].parameter())
        elif name != "json_":
            parameters.append(_keyword(name, parameter.annotation, parameter.default))
    shared = _signature(_shared).parameters
    parameters += [_keyword(p.name, p.annotation, p.default) for p in shared.values()]
    if file:
        parameters.append(_keyword("config_file", ConfigFile, None))

    def called(**values: Any) -> None:
        if toolchain:
            need_toolchain(toolchain)
        base = values.pop("config_file", None)
        as_json, *_rest = (values.pop(name) for name in shared)

        def set_of(config: Any, among: list[Setting]) -> Any:
            told = {setting: values.pop(setting.name) for setting in among}
            given = {setting: value for setting, value in told.items() if value not in (None, [])}
            return changed(config, type(config), given)

        for name, (kind, among) in configurations.items():
            values[name] = set_of(read_config(base, kind) if base else kind(), among)
        values |= vars(set_of(own_kind(), list(own.values())))
        if "json_" in signature:
            values["json_"] = as_json
        with _only_first_speaks() if file else contextlib.nullcontext():
            answer = function(**values)
            status = answer.tell(as_json=as_json) if answer is not None else 0
        if status:
            raise typer.Exit(status)

    called.__name__ = function.__name__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called


@contextlib.contextmanager
def _only_first_speaks() -> Iterator[None]:
    """Silence all processes of a `torchrun` but the first; their errors are shown later."""
    if int(os.environ.get("RANK") or 0) == 0:
        yield
        return
    with (
        Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stdout(nothing),
        contextlib.redirect_stderr(nothing),
    ):
        yield


def read_config(path: Path, kind: Any) -> Any:
    """Return the configuration that a file holds.

    Raises:
        InputError: it cannot be read, or holds no such configuration.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError("{path}: {reason}", path=path, reason=str(error)) from None
    try:
        return from_toml(text, kind)
    except InputError as error:
        raise InputError("{path}: {reason}", path=path, reason=error) from None


def _signature(function: Function) -> inspect.Signature:
    """Return a function's signature with the help of its options in the user's language."""
    parameters = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        kind, *about = get_args(parameter.annotation) or (parameter.annotation,)
        if about and hasattr(about[0], "help"):
            info = copy(about[0])
            info.help = local(info.help)
            parameter = parameter.replace(annotation=Annotated[kind, info])
        parameters.append(parameter)
    return inspect.Signature(parameters)


def _keyword(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _plain(kind: Any) -> Any:
    """Return a type without "or None"."""
    rest = tuple(k for k in get_args(kind) if k is not types.NoneType)
    return Union[rest] if _is_union(kind) else kind  # noqa: UP007 - of one, it is that one


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)
