"""Keras on TensorFlow, imported without the lines that TensorFlow prints as it starts.

Every file of ours gets Keras from here, inside the function that needs it:
`from headstart.backbone.quiet_keras import keras`. That import takes seconds, and fails
with `MissingError` where TensorFlow is not installed.
"""

import os
from importlib.util import find_spec

from headstart import process
from headstart.errors import MissingError, OptionError
from headstart.silence import standard_error_closed

if find_spec("keras") is None or find_spec("tensorflow") is None:
    raise MissingError(
        "This needs Keras on TensorFlow, which is not installed.",
        mend="Run: pip install 'headstart[tensorflow]'",
    )
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Keras imports these in case someone gives it frames, draws with it or wraps its models: a third of
# the time that its import takes. In a process of our own nobody does.
_ASIDE = ("matplotlib", "pandas", "sklearn") if process.is_own() else ()
with (
    standard_error_closed(),  # TensorFlow logs before its log level counts
    process.without(*_ASIDE),
    process.collecting_no_garbage(),
):
    import keras

if keras.backend.backend() != "tensorflow":
    raise OptionError(
        f"Keras runs on {keras.backend.backend()} here; headstart needs it on TensorFlow.",
        where="KERAS_BACKEND",
        mend="Unset that variable, and import headstart before Keras.",
    )

__all__ = ["keras"]
