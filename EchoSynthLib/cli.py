"""The command `echosynth`, made from the declarations of the tasks."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import EchoSynthLib
from EchoSynthLib import outputs, zoo
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError, ModelError, OutputError
from EchoSynthLib.files import reason
from EchoSynthLib.progress import TerminalProgress, on_one_line
from EchoSynthLib.systems import system_of
from EchoSynthLib.tasks import (
    Context,
    Parameter,
    Task,
    find_task,
    load_tasks_of_environment,
    parameters_of,
    task_summaries,
)

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (InputError, 2),
    (ModelError, 3),
    (OutputError, 4),
    (Cancelled, 130),
    (KeyboardInterrupt, 130),
)
EXIT_PART_FAILED = 1


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are a single line, as all of EchoSynth's are.

    Attributes:
        fill: adds the arguments, once they are asked for: a task is imported when it is run, or its help wanted.
    """

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse; but what a command does not know it says itself, and points at its own help."""
        if self.fill is not None:
            self.fill(self)
            self.fill = None
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where the help is, and exits with 2."""
        hint = "" if "expected one argument" not in message else "; one that begins with - is given with =, --name=-1"
        taken_for_option = next((word for word in sys.argv[1:] if word.startswith("-") and os.path.lexists(word)), None)
        if taken_for_option is not None:
            hint = f"; a file whose name begins with - is given as .{os.sep}{taken_for_option}"
        self.exit(2, f"{self.prog}: {' '.join(message.split())}{hint} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code: 0 done, 1 failed, 2 input, 3 model, 4 output, 130 cancelled."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as by a scheduler; what is written there is lost, the results are not
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show is shown as \\xfc or the like; it must not cost the result.
            stream.reconfigure(errors="backslashreplace")
    with_traceback = False
    interruption = _Interruption()
    try:
        with interruption:
            load_tasks_of_environment()
            chosen = make_parser().parse_args(arguments)
            with_traceback, chosen.interrupted = chosen.traceback, lambda: interruption.came
            return chosen.run(chosen)
    except (Exception, KeyboardInterrupt) as error:
        # A library that is interrupted while it loads may say something else, that it is missing for example.
        return _fail(KeyboardInterrupt() if interruption.came else error, with_traceback)


class _Interruption:
    """SIGTERM ends the block as Ctrl-C does, and what is half-made goes; the handlers that were there come back.

    Attributes:
        came: whether there was a signal.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._interrupt)

    def __exit__(self, *error: object) -> None:
        if self.came:  # perhaps in the middle of cleaning up
            outputs.discard_all()
        for number, handler in self._before.items():
            # None: the program around us has one that Python cannot give back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _interrupt(self, number: int, frame: object) -> NoReturn:
        self.came = True
        raise KeyboardInterrupt


def _fail(error: BaseException, with_traceback: bool) -> int:
    if with_traceback:
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has left; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    print(f"echosynth: {_one_line(error)}", file=sys.stderr)
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def _one_line(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "cancelled; nothing half-made was left behind"
    text = on_one_line(str(error))
    if isinstance(error, EchoSynthError):
        return text
    return f"unexpected {type(error).__name__}: {text} (--traceback shows where)"


def make_parser() -> argparse.ArgumentParser:
    """The whole command line: a command for each task, and those for models and the demo."""
    parser = OneLineParser(
        prog="echosynth", description="Segments echocardiograms and synthesizes new ones.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"echosynth {EchoSynthLib.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in task_summaries().items():
        _add_command(commands, name, summary).fill = partial(_add_task, name)
    _add_models(commands)
    _add_demo(commands)
    return parser


def _add_command(commands: Any, name: str, summary: str) -> OneLineParser:
    parser: OneLineParser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("--traceback", action="store_true", help="show where an error comes from")
    return parser


def _add_task(name: str, parser: argparse.ArgumentParser) -> None:
    task = find_task(name)
    for declared in parameters_of(task):
        _add_parameter(parser, declared)
    parser.add_argument("--json", action="store_true", help="print the record as JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=_run_task, task=task.name)


def _add_parameter(parser: argparse.ArgumentParser, declared: Parameter) -> None:
    option = "--" + declared.name.replace("_", "-")
    # A percent sign would be a format to argparse.
    text = _help(declared).replace("%", "%%")
    if declared.main:
        parser.add_argument(declared.name, metavar=declared.name.upper(), help=text)
    elif declared.kind is bool:
        parser.add_argument(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
    else:
        metavar = "{" + ",".join(declared.choices) + "}" if declared.choices else declared.kind.__name__.upper()
        parser.add_argument(option, metavar=metavar, required=declared.required, default=argparse.SUPPRESS, help=text)


def _help(declared: Parameter) -> str:
    notes = []
    # The choices of an option stand in its metavar.
    if declared.kind in (int, float) or (declared.main and declared.choices):
        notes.append(declared.allowed)
    if not declared.required:
        notes.append(f"default {'none' if declared.default is None else declared.default}")
    return declared.help + (f" ({'; '.join(notes)})" if notes else "")


def _run_task(chosen: argparse.Namespace) -> int:
    from EchoSynthLib.tasks.common.output_places import in_words

    task = find_task(chosen.task)
    given = {item.name: getattr(chosen, item.name) for item in parameters_of(task) if hasattr(chosen, item.name)}
    with in_words(given.get("output")), TerminalProgress() as progress:
        record = task.build(given).run(Context(None if chosen.quiet else progress, chosen.interrupted))
    try:
        print(_json(record) if chosen.json else _summary(task, record), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"The results are written, but what is told of them cannot be: {reason(error)}.") from error
    for warning in _warnings(task, given, record):
        print(f"echosynth: warning: {on_one_line(warning)}", file=sys.stderr)
    failures = record.get("failures", [])
    for failure in failures:
        print(f"echosynth: {on_one_line(failure['file'] + ': ' + failure['message'])}", file=sys.stderr)
    return EXIT_PART_FAILED if failures else 0


def _warnings(task: type[Task], given: dict[str, str], record: dict[str, Any]) -> list[str]:
    """The record's warnings, each with the name of its file; those of a folder's files have it already."""
    texts = record.get("warnings", [])
    source = next((Path(given[item.name]) for item in parameters_of(task) if item.main and item.kind is Path), None)
    if source is None or source.is_dir():
        return texts
    return [text if text.startswith(f"{source.name}: ") else f"{source.name}: {text}" for text in texts]


def _json(record: dict[str, Any]) -> str:
    from EchoSynthLib.images.write import plain

    return json.dumps(plain(record), indent=2, allow_nan=False)


def _summary(task: type[Task], record: dict[str, Any]) -> str:
    lines = [on_one_line(text) for text in task.findings(record)]
    for role, paths in record.get("outputs", {}).items():
        listed = [paths] if isinstance(paths, str) else paths
        if not listed:
            continue
        more = f"  ... {Path(listed[-1]).name}" if len(listed) > 1 else ""
        lines.append(f"{role.replace('_', ' ')}: {listed[0]}{more}")
    return "\n".join(lines)


def _add_models(commands: Any) -> None:
    parser = _add_command(commands, "models", "List, verify, import and remove models.")
    parser.set_defaults(run=_list_models)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="list the models (the default)")
    verify = actions.add_parser("verify", help="compare every file with its checksum")
    verify.add_argument("name", nargs="?", help="the model; all where none is given")
    verify.set_defaults(run=_verify_models)
    added = actions.add_parser("import", help="copy a model folder into your models")
    added.add_argument("folder", type=Path, help="config.json, *.safetensors, SHA256SUMS, mostly *.onnx and a card")
    added.set_defaults(run=_import_model)
    removed = actions.add_parser("remove", help="remove a model that you imported")
    removed.add_argument("name")
    removed.set_defaults(run=_remove_model)


def _list_models(chosen: argparse.Namespace) -> int:
    for model in zoo.list_models():
        origin = "shipped" if model.shipped else "imported"
        kind = Capabilities.of(model).kind
        print(f"{model.name:<24} {origin:<9} {kind:<12} {model.sha256[:12]:<13} {model.problem or model.path}")
    return 0


def _verify_models(chosen: argparse.Namespace) -> int:
    code = 0
    for name in [chosen.name] if chosen.name else [model.name for model in zoo.list_models()]:
        try:
            model = zoo.find(name)
            if system_of(model) is None:
                raise ModelError(
                    f"The model {name!r} is of the system {model.config.get('system')!r}, which this version does not "
                    f"know, though every file is what {zoo.CHECKSUMS} says. Update EchoSynth."
                )
            print(f"{name}: every file is what {zoo.CHECKSUMS} says; weights {model.sha256}")
        except ModelError as error:
            code = _fail(error, chosen.traceback)
    return code


def _import_model(chosen: argparse.Namespace) -> int:
    model = zoo.import_folder(chosen.folder)
    print(f"{model.name}: imported into {model.path}")
    return 0


def _remove_model(chosen: argparse.Namespace) -> int:
    zoo.remove(chosen.name)
    print(f"{chosen.name}: removed")
    return 0


def _add_demo(commands: Any) -> None:
    parser = _add_command(
        commands, "demo", "Show the main job: a label map becomes echocardiograms, and they label maps."
    )
    parser.add_argument(
        "--output", type=Path, default=Path("demo"), help="folder for pictures, files and table (default demo)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all random parts (default 0)")
    parser.set_defaults(run=_run_demo)


def _run_demo(chosen: argparse.Namespace) -> int:
    from EchoSynthLib import demo
    from EchoSynthLib.tasks.common.output_places import in_words

    with in_words(chosen.output):
        return demo.main(chosen.output, chosen.seed)


if __name__ == "__main__":
    sys.exit(main())
