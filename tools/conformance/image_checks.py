"""Checks of the image itself: nothing is started."""

from pathlib import PurePosixPath

from .engine import EngineError
from .registry import Failed, NotApplicable, check
from .stage import Stage

GB = 10**9
_INITS = {"tini", "tini-static", "docker-init", "dumb-init"}


@check("A1.3", "image", "look at ENTRYPOINT", "exec form: a program and its arguments, no shell")
def entry_point_is_a_program(stage: Stage) -> str:
    entry = stage.subject.config.get("Entrypoint") or []
    if not entry:
        raise NotApplicable("there is no entry point; `train` and `serve` are found on PATH (A1.2)")
    if PurePosixPath(entry[0]).name in {"sh", "bash", "dash"} and "-c" in entry:
        raise Failed(f"a shell, which passes no signal on: {entry}")
    return str(entry)


@check("A1.4", "image", "look at ENTRYPOINT", "not tini")
def entry_point_is_no_tini(stage: Stage) -> str:
    entry = stage.subject.config.get("Entrypoint") or ["none"]
    if PurePosixPath(entry[0]).name in _INITS:
        raise Failed(f"{entry[0]}, which takes `train` and `serve` for its own arguments")
    return str(entry[0])


@check("A1.8", "image", "look at STOPSIGNAL", "none, or SIGTERM")
def stop_signal_is_sigterm(stage: Stage) -> str:
    signal = stage.subject.config.get("StopSignal") or "none"
    if signal not in {"none", "SIGTERM", "TERM", "15"}:
        raise Failed(f"{signal}, so `docker stop` sends another signal than SIGTERM")
    return str(signal)


@check("A1.10", "image", "list /opt/ml inside the image", "no files: the platform's mounts would hide them")
def nothing_lies_in_opt_ml(stage: Stage) -> str:
    with stage.engine.create(stage.subject.image, ["train"]) as container:
        files = container.get("/opt/ml")
    if files:
        raise Failed(f"{len(files)} files, the first: /opt/ml/{min(files)}")
    return "no files"


@check("B1.2", "image", "look at USER", "root, or none")
def user_is_root(stage: Stage) -> str:
    user = str(stage.subject.config.get("User") or "none")
    if user.partition(":")[0] not in {"none", "root", "0"}:
        raise Failed(f"{user}; the platform's folders may be for root alone (A1.13)")
    return user


@check("B3.2", "image", "look at the size", "10 GB at most, as serverless endpoints take")
def image_is_small_enough(stage: Stage) -> str:
    size = int(stage.subject.facts["Size"])
    if size > 10 * GB:
        raise Failed(f"{size / GB:.1f} GB")
    return f"{size / GB:.2f} GB"


@check("C4", "image", "look at the architecture", "linux/amd64, which every instance type but a few has")
def architecture_is_amd64(stage: Stage) -> str:
    found = f"{stage.subject.facts['Os']}/{stage.subject.facts['Architecture']}"
    if found != "linux/amd64":
        raise Failed(f"{found}: no training instance, and few for endpoints")
    return found


@check("C4", "image", "look at the labels", "each capability `true` or `false`")
def labels_are_booleans(stage: Stage) -> str:
    labels = stage.subject.config.get("Labels") or {}
    found = {name.rpartition(".")[2]: value for name, value in labels.items() if ".capabilities." in name}
    odd = [f"{name}={value}" for name, value in found.items() if value not in {"true", "false"}]
    if odd:
        raise Failed(", ".join(odd))
    return ", ".join(f"{name}={value}" for name, value in found.items()) or "none"


@check("C1.2", "image", "look for credentials in ENV", "none")
def environment_holds_no_credentials(stage: Stage) -> str:
    names = {entry.partition("=")[0] for entry in stage.subject.config.get("Env") or []}
    if found := names & {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}:
        raise Failed(", ".join(sorted(found)))
    return "none"


@check("A1.2", "image", "look for what `train` starts", "an entry point, or an executable `train`")
def something_answers_to_train(stage: Stage) -> str:
    if entry := stage.subject.config.get("Entrypoint"):
        raise NotApplicable(f"there is an entry point: {entry[0]}")
    try:
        with stage.engine.create(stage.subject.image, ["train"]) as container:
            container.start()
            container.kill("KILL")
    except EngineError as error:
        if "executable file not found" in str(error):
            raise Failed("no entry point, and no `train` on PATH") from None
    return "`train` is on PATH"


@check("A1.14", "image", "run the image with the words `chmod -R 777 /tmp`", "exit code 0, as of a command")
def words_are_a_command(stage: Stage) -> str:
    """Version 3 of the SDK does so in local mode, to remove what a job of root's has left."""
    try:
        with stage.engine.create(stage.subject.image, ["chmod", "-R", "777", "/tmp"]) as container:
            container.start()
            code = container.wait(stage.subject.timeout)
            said = container.log().strip()
    except EngineError as error:
        raise Failed(str(error)) from None
    if code != 0:
        raise Failed(f"exit code {code}; {said[-160:]}")
    return "exit code 0"
