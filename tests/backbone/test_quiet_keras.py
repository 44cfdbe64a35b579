import subprocess
import sys


def run(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": ""} | environment,
        capture_output=True,
        text=True,
    )


def test_tensorflow_starts_without_a_line_of_its_own(keras, tmp_path):
    done = run(
        "import sys\n"
        "from headstart.backbone.quiet_keras import keras\n"
        "print(keras.backend.backend())\n"
        "print('heard', file=sys.stderr)",
        HOME=str(tmp_path),
    )

    assert done.stdout == "tensorflow\n"
    assert done.stderr == "heard\n"


def test_a_missing_tensorflow_is_named_with_the_extra_that_brings_it():
    done = run(
        "import sys\n"
        "sys.modules['tensorflow'] = None\n"
        "from headstart.errors import MissingError\n"
        "try:\n"
        "    import headstart.backbone.quiet_keras\n"
        "except MissingError as error:\n"
        "    print(error)"
    )

    assert done.stderr == ""
    assert "pip install 'headstart[tensorflow]'" in done.stdout
