"""Have Keras download the published weights of a backbone, as a child process.

The address is tried first: where there is no network the answer comes at once, and not
after TensorFlow has been imported.
"""

import http.client
import socket
import urllib.error
import urllib.request
from typing import Any

from headstart.backbone import catalog, child, weights
from headstart.errors import HeadstartError, MissingError

HOST = "https://storage.googleapis.com"
"""Where `keras.applications` downloads from."""

PATIENCE_S = 5.0


def fetch(request: dict[str, Any]) -> dict[str, Any]:
    """Download the weights of `request["backbone"]`, with top or without, into Keras' own cache.

    Raises:
        MissingError: there is no network, or the download broke off.
    """
    backbone, top = catalog.find(request["backbone"]), bool(request["top"])
    if not _reachable():
        raise _missing(backbone, top, f"{HOST} cannot be reached")

    from headstart.backbone import networks

    socket.setdefaulttimeout(30)  # of one read; Keras sets none and would hang
    try:
        networks.download(backbone, top=top)
    except HeadstartError:
        raise
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise _missing(backbone, top, str(error).splitlines()[0]) from error
    return {}


def _reachable() -> bool:
    request = urllib.request.Request(HOST, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()
    except urllib.error.HTTPError:
        return True  # it answered
    except (OSError, http.client.HTTPException):
        return False
    return True


def _missing(backbone: catalog.Backbone, top: bool, why: str) -> MissingError:
    return MissingError(
        f"The weights of {backbone.name} are not on this machine, and {why}.",
        mend=f"Connect once, and Keras fetches them; or give --weights FILE with "
        f"{' or '.join(weights.names_of_files(backbone, top))}.",
    )


if __name__ == "__main__":
    child.serve(fetch)
