"""`answerloop prompts …`: the life of a prompt, policy or taxonomy file from its writer's side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from service.settings import Settings

if TYPE_CHECKING:
    from service.promoting import Promotions
    from service.prompting.labels import Labels

app = typer.Typer(no_args_is_help=True, help="Prompt, policy and taxonomy files.")

NameOf = Annotated[str, typer.Argument(help="The file's name, as draft_answer or policy/tech-career.")]


@app.command("list")
def list_versions() -> None:
    """Every file with its versions; a star marks a released one."""
    from service.prompting import library, lock

    folder = Settings().prompts_dir
    known = lock.released(folder)
    for name in library.names(folder):
        shown = [version + ("*" if (name, version) in known else "") for version in library.versions(folder, name)]
        print(f"{name}\t{' '.join(shown)}")


@app.command()
def check() -> None:
    """Look for mistakes in every file and for released ones that changed; exit code 1 where there are any."""
    from service.prompting import check as checking
    from service.prompting import lock

    folder = Settings().prompts_dir
    problems = [*checking.check(folder), *lock.check(folder)]
    for problem in dict.fromkeys(map(str, problems)):
        print(problem)
    if problems:
        raise typer.Exit(1)
    print("every prompt file is in order")


@app.command()
def new(name: NameOf, step: Annotated[str, typer.Option(help="patch, minor or major.")] = "patch") -> None:
    """Copy the newest version to the next one, to be edited."""
    from service.errors import InvalidInput
    from service.prompting.release import new_version

    if step not in ("patch", "minor", "major"):
        raise InvalidInput("the step is patch, minor or major", field="step")
    print(new_version(Settings().prompts_dir, name, step))  # type: ignore[arg-type]


@app.command()
def diff(
    name: NameOf,
    old: Annotated[str | None, typer.Argument(help="The version in production by default.")] = None,
    new: Annotated[str | None, typer.Argument(help="The newest version by default.")] = None,
) -> None:
    """What changed between two versions."""
    from service.prompting import release

    folder = Settings().prompts_dir
    print(release.diff(folder, name, old or _in_production(name), new or release.newest(folder, name)), end="")


@app.command()
def render(
    name: NameOf,
    version: Annotated[str | None, typer.Argument(help="The version in production by default.")] = None,
) -> None:
    """The messages a model would see, with example inputs."""
    from service.prompting.examples import example_inputs
    from service.prompting.files import load_prompt
    from service.prompting.render import render as rendering

    prompt = load_prompt(Settings().prompts_dir, name, version or _in_production(name))
    rendered = rendering(prompt, **example_inputs(prompt))
    for message in rendered.messages:
        print(f"── {message.role}\n{message.content}\n")
    print(f"sha256 {rendered.sha256}")


@app.command()
def release(
    name: Annotated[str | None, typer.Argument(help="One name; every unreleased file by default.")] = None,
) -> None:
    """Lock versions for good: from then on a change of the file is an error."""
    from service.prompting.release import release as releasing

    for each, version in releasing(Settings().prompts_dir, name):
        print(f"released {each} {version}")


@app.command()
def labels() -> None:
    """Where every label points."""
    with _promotions() as (promotions, known):
        for name, pointers in known.all().items():
            shown = "  ".join(f"{label}={version}" for label, version in pointers.items())
            gate = next(iter(promotions.gates(name, limit=1)), None)
            said = f"  (gate on {gate['version']}: {gate['verdict'] or gate['state']})" if gate else ""
            print(f"{name}\t{shown}{said}")


@app.command()
def move(
    name: NameOf,
    label: Annotated[str, typer.Argument(help="production, candidate or any other short word.")],
    version: str,
    reason: Annotated[str, typer.Option(help="Kept with the move.")] = "",
    override: Annotated[bool, typer.Option(help="Move production although the gate could measure nothing.")] = False,
    model: Annotated[str, typer.Option(help="Whose recordings the gate uses; those of the settings by default.")] = "",
) -> None:
    """Point a label at a version; every process knows of a prompt within a second, of a policy or taxonomy after a
    restart. Production forward starts a gate run."""
    from getpass import getuser

    from service.prompting import library
    from service.prompting.labels import PRODUCTION

    with _promotions() as (promotions, _):
        asked = promotions.move(
            name, label, version, by=f"command line:{getuser()}", reason=reason, override=override, model=model
        )
    if asked.move is not None:
        print(f"{name} {label}: {asked.move.from_version or 'nothing'} → {asked.move.to_version}")
        if label == PRODUCTION and library.suffix_of(name) == ".yaml":
            print("restart the service: policy and taxonomy are read when a process starts")
    elif asked.gate is not None:
        print(f"gate run {asked.gate['id']} waits for a running server; see `answerloop prompts gates {name}`")


@app.command()
def gates(name: NameOf) -> None:
    """Gate runs of a name, newest first."""
    with _promotions() as (promotions, _):
        for gate in promotions.gates(name):
            said = gate["report"].get("because", "")
            print(f"{gate['id']}  {gate['version']}  {gate['verdict'] or gate['state']}  {said}")


def _in_production(name: str) -> str:
    """The version in production. Raises NotFound for a name that has none."""
    from service.local import open_database
    from service.prompting.labels import Labels

    settings = Settings()
    with open_database(settings) as database:
        return Labels(database, settings.prompts_dir).live(name)


@contextmanager
def _promotions() -> Iterator[tuple[Promotions, Labels]]:
    from service.clock import system_clock
    from service.jobs import Jobs
    from service.local import open_database
    from service.promoting import Promotions
    from service.prompting.labels import Labels

    settings = Settings()
    with open_database(settings) as database:
        jobs, known = Jobs(database), Labels(database, settings.prompts_dir)
        jobs.prepare()
        try:
            yield Promotions(settings, database, known, jobs, system_clock), known
        finally:
            jobs.stop()
