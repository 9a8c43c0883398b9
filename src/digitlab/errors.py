"""What can go wrong, and what to do about it.

    DigitlabError
    ├── ImageError         an image cannot be opened, or is not an image
    ├── DataError          labelled digits are missing, malformed or out of range
    │   ├── DownloadError  data or a model could not be fetched, or is not what it should be
    │   └── ArrayError     arrays given to the scikit-learn classifier do not fit it; also a ValueError
    ├── RecipeError        a recipe has a typo, an impossible shape or an impossible value
    ├── ModelError         a recogniser file is damaged, foreign or unsafe
    ├── RunError           a run folder or checkpoint cannot be used
    ├── OutputError        a file or folder cannot be written
    ├── UsageError         an argument makes no sense
    └── MissingExtraError  an optional part is not installed; the message is the line that installs it

Every message is one sentence that names what is wrong and what to do next.
The command line prints it and exits with code 2; in Python, catch `DigitlabError`.
"""


class DigitlabError(Exception):
    """Root of everything that digitlab raises on purpose."""


class ImageError(DigitlabError):
    """An image cannot be opened, is too large, or is not an image."""


class DataError(DigitlabError):
    """Labelled digits are missing, malformed or out of range."""


class DownloadError(DataError):
    """A download failed or brought something else than it should have."""


class ArrayError(DataError, ValueError):
    """Arrays given to the scikit-learn classifier do not fit it; scikit-learn expects a ValueError there."""


class RecipeError(DigitlabError):
    """A recipe has a typo, an impossible shape or an impossible value."""


class ModelError(DigitlabError):
    """A recogniser file is damaged, foreign or unsafe."""


class RunError(DigitlabError):
    """A run folder or a checkpoint cannot be used."""


class OutputError(DigitlabError):
    """A file or a folder cannot be written."""


class UsageError(DigitlabError):
    """An argument makes no sense."""


class MissingExtraError(DigitlabError):
    """An optional part is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs more than reading does; install it with: pip install 'digitlab[{extra}]'")
        self.extra = extra
