"""The `answerloop` command. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from service import cli_cases, cli_flags, cli_prompts, cli_sites, cli_tags
from service.errors import AnswerloopError, StoreUnavailable
from service.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The back office of a career Q&A community.")
people_app = typer.Typer(no_args_is_help=True, help="People who sign in.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys.")
audit_app = typer.Typer(no_args_is_help=True, help="The append-only log of decisions.")
models_app = typer.Typer(no_args_is_help=True, help="The bundled models' files, and which features may ask models.")
app.add_typer(people_app, name="people")
app.add_typer(keys_app, name="keys")
app.add_typer(models_app, name="models")
app.add_typer(audit_app, name="audit")
app.add_typer(cli_prompts.app, name="prompts")
app.add_typer(cli_tags.app, name="tags")
app.add_typer(cli_cases.app, name="cases")
app.add_typer(cli_flags.app, name="flags")
app.add_typer(cli_sites.app, name="sites")

Site = Annotated[str, typer.Option(help="The site; the sample community by default.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never through a running server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FORMATS = (
    "jsonl: a file of threads, one JSON object a line; page: a topic listing copied from the browser as text; stackexchange: "
    "a data dump's folder, .zip or .tar with Posts.xml (a .7z has to be unpacked first); discourse: topics as /t/ID.json, one "
    "file, a folder of .json and .ndjson, or NDJSON. What cannot be read is refused by number."
)


def main() -> None:
    """Run the command; an error of ours is one line on standard error and its exit code."""
    try:
        app()
    except AnswerloopError as error:
        print(f"answerloop: {error.detail}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(
            f"answerloop: {error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "),
            file=sys.stderr,
        )
        sys.exit(1)
    except Exception as error:
        if type(error).__module__.split(".")[0] != "sqlalchemy":
            raise
        print(f"answerloop: the database cannot be opened or written ({type(error).__name__})", file=sys.stderr)
        sys.exit(StoreUnavailable.exit_code)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; HOST by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; PORT by default.")] = None,
    workers: Annotated[int, typer.Option(help="More than one is refused with the embedded stores.")] = 1,
    welcome: Annotated[bool, typer.Option(help="Load the sample community; print sign-in links and a curl.")] = False,
) -> None:
    """Serve the API and the pages."""
    from service.serving import run

    settings = Settings()
    changed = settings.model_copy(
        update={"host": host or settings.host, "port": port if port is not None else settings.port}
    )
    run(changed, workers=workers, welcome=welcome)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="What to import.")],
    site: Site = "sample",
    format: Annotated[str, typer.Option(help=FORMATS)] = "jsonl",
    mapping: Annotated[Path | None, typer.Option("--map", help="Field mapping for jsonl (TOML or JSON).")] = None,
    offline: Offline = False,
) -> None:
    """Import past threads. The same file again changes nothing; an interrupted import goes on where it stopped."""
    from service.local import importing

    raise typer.Exit(importing(Settings(), file, site, format, mapping, offline=offline))


@app.command()
def assess(
    file: Annotated[str, typer.Argument(help="A text file whose first line is the title; `-`: standard input.")],
    site: Site = "sample",
    kind: Annotated[
        str | None,
        typer.Option(
            help="question, discussion or announcement; by default an AMA's title is an announcement, else a question."
        ),
    ] = None,
    draft: Annotated[bool, typer.Option(help="Write a draft as well.")] = True,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print JSON: {assessment, draft}, as POST /v1/try answers; draft is null without one."
        ),
    ] = False,
    offline: Offline = False,
) -> None:
    """Assess one post without keeping it, and print a report."""
    from service.local import assess_text
    from service.reporting import print_assessment

    if file == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace").replace("\r\n", "\n")
    else:
        text = Path(file).read_text("utf-8", errors="replace")
    made = assess_text(Settings(), text, site, kind, draft=draft, offline=offline)
    print_assessment(made, as_json=as_json)


@app.command()
def related(
    text: Annotated[str, typer.Argument(help="The question.")],
    site: Site = "sample",
    k: Annotated[int, typer.Option(help="How many threads.")] = 10,
    as_json: AsJson = False,
    offline: Offline = False,
) -> None:
    """Find related threads."""
    from service.local import find_related
    from service.reporting import print_related

    print_related(find_related(Settings(), text, site, k, offline=offline), as_json=as_json)


@app.command()
def replay(
    assessment: Annotated[str, typer.Argument(help="An assessment's id, or a post's: its newest.")],
    ask: Annotated[bool, typer.Option(help="Ask the models again and print the replies.")] = False,
    as_json: AsJson = False,
    offline: Offline = False,
) -> None:
    """Render what models were asked for an assessment from what was stored; exit code 1 where the words differ."""
    from service.local import replaying
    from service.reporting import print_replay

    if not print_replay(replaying(Settings(), assessment, ask=ask, offline=offline), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def reindex(site: Site = "sample", offline: Offline = False) -> None:
    """Build a site's index anew with the configured model, beside the live one, and switch to it. Resumes after a kill."""
    from service.local import reindexing

    live = reindexing(Settings(), site, offline=offline)
    print(f"live: {live['model']}, {live['id']}")


@app.command("check-index")
def check_index(
    site: Site = "sample",
    repair: Annotated[bool, typer.Option("--repair", help="Mend from SQL what is wrong.")] = False,
    every_text: Annotated[bool, typer.Option("--every-text", help="Embed every passage again, not a sample.")] = False,
    offline: Offline = False,
) -> None:
    """Find vectors missing, stale or not found by their own embedding; exit code 1 where something is wrong and stays so."""
    from service.local import checking_index

    found = checking_index(Settings(), site, repair=repair, every_text=every_text, offline=offline)
    for name, value in found.items():
        print(f"{name}\t{value}")
    if not found["ok"] and not found["repaired"]:
        raise typer.Exit(1)


@people_app.command("add")
def people_add(
    role: Annotated[str, typer.Option(help="mentor, moderator or admin.")],
    email: Annotated[str, typer.Option(help="How the person is known.")],
    site: Site = "sample",
    name: Annotated[str, typer.Option(help="Shown name.")] = "",
    topics: Annotated[str, typer.Option(help="A mentor's topics, comma-separated.")] = "",
) -> None:
    """Add a person and print a one-time sign-in link."""
    settings = Settings()
    from service.clock import system_clock
    from service.local import open_database
    from service.people import identity

    wanted = [topic.strip() for topic in topics.split(",") if topic.strip()] or None
    with open_database(settings) as database, database.write() as session:
        person = identity.add_person(session, email, role, site, system_clock(), name, wanted)
        secret = identity.create_link(session, person.id, system_clock())
    print(f"{settings.address}/sign-in/{secret}")


@keys_app.command("create")
def keys_create(
    role: Annotated[str, typer.Option(help="site, mentor, moderator or admin.")], site: Site = "sample"
) -> None:
    """Create an API key; it is shown this once, alone on the last line."""
    from service.clock import system_clock
    from service.local import open_database
    from service.people import identity

    with open_database(Settings()) as database, database.write() as session:
        secret = identity.create_key(session, role, site, system_clock())
    print(f"A key for the role {role} on the site {site}. It is not shown again.", file=sys.stderr)
    print(secret)


@audit_app.command("verify")
def audit_verify() -> None:
    """Read the hash chain from its beginning; exit code 1 where a link does not hold."""
    from service.local import open_database
    from service.review import audit

    with open_database(Settings()) as database, database.read() as session:
        found = audit.verify(session)
    if found.broken_at is not None:
        print(f"the chain breaks at entry {found.broken_at}; the {found.broken_at - 1} before it hold")
        raise typer.Exit(1)
    print(f"{found.links} entries hold, the last is {found.head}")


@models_app.command("fetch")
def models_fetch() -> None:
    """Download what is missing and verify everything."""
    from service.models import files

    files.fetch(Settings().models_dir, say=print)


@models_app.command("list")
def models_list() -> None:
    """The manifest."""
    from service.models import files

    for entry in files.manifest():
        print(f"{entry.model}\t{entry.file}\t{entry.wheel} {entry.version}\t{entry.licence}\t{entry.sha256}")


@models_app.command("verify")
def models_verify() -> None:
    """Check every file; exit code 3 where one is missing or altered."""
    from service.errors import ModelFilesUnusable
    from service.models import files

    problems = files.verify(Settings().models_dir)
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(ModelFilesUnusable.exit_code)
    print("all model files are as the manifest says")


@models_app.command("switch")
def models_switch(
    feature: Annotated[
        str | None, typer.Argument(help="draft, flags, tags or support; left out: how all of them stand.")
    ] = None,
    to: Annotated[str, typer.Argument(metavar="on|off", help="Whether it may ask models.")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept with the switch.")] = "",
) -> None:
    """Switch off or on what asks models, in every process within a second; what it did is then left to people."""
    from service.errors import InvalidInput
    from service.local import switching

    if feature is not None and to not in ("on", "off"):
        raise InvalidInput("say on or off", field="to")
    for one in switching(Settings(), feature, on=to == "on", reason=reason):
        said = [one["feature"], "on" if one["on"] else "off"]
        if not one["by_setting"]:
            said.append("by a setting")
        elif one["at"]:
            said.append(f"{one['by']}, {one['at'][:16]}: {one['reason']}")
        print("\t".join(said))


if __name__ == "__main__":
    main()
