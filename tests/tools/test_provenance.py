"""What `make push SIGN_KEY=…` says of how an image was made."""

import hashlib
from pathlib import Path

from tools.push.engine import LocalImage
from tools.push.provenance import predicate

IMAGE = LocalImage("slipway/ridge:1.0.0", "sha256:1", "c0ffee", "amd64", "https://example.com/slipway.git")


def test_the_commit_and_the_lock_files_are_what_it_was_made_of(tmp_path: Path) -> None:
    (tmp_path / "images/ridge").mkdir(parents=True)
    (tmp_path / "images/ridge/requirements.lock").write_text("numpy==2\n")
    found = predicate(tmp_path, "ridge", "1.0.0", IMAGE, {})
    assert found["buildDefinition"]["externalParameters"] == {"image": "ridge", "version": "1.0.0"}
    assert found["buildDefinition"]["resolvedDependencies"] == [
        {"digest": {"gitCommit": "c0ffee"}, "uri": "git+https://example.com/slipway.git"},
        {
            "name": "images/ridge/requirements.lock",
            "digest": {"sha256": hashlib.sha256(b"numpy==2\n").hexdigest()},
        },
    ]
    assert found["runDetails"] == {"builder": {"id": "local"}, "metadata": {}}, "nobody vouches for it"


def test_on_github_the_run_is_named(tmp_path: Path) -> None:
    env = {
        "GITHUB_RUN_ID": "7",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "you/slipway",
    }
    assert predicate(tmp_path, "ridge", "1.0.0", IMAGE, env)["runDetails"] == {
        "builder": {"id": "https://github.com/you/slipway/.github/workflows/images.yml"},
        "metadata": {"invocationId": "https://github.com/you/slipway/actions/runs/7"},
    }
