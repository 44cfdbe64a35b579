"""The signal that a part of a bundle is not as headstart writes it."""


class Refused(Exception):
    """Raised by the checks; `archive` turns it into a `ModelError` with file and entry.

    Args:
        reason: what is wrong, a sentence with its full stop.
        mend: what the user can do about it, a sentence with its full stop.
    """

    def __init__(
        self,
        reason: str,
        mend: str = "The file is damaged, or another program wrote it: "
        "copy it again from where it came, or train again.",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend
