"""Everything that medsegr raises on purpose.

MedsegrError
├── InputError              what the user handed over cannot be used
│   ├── ImageError          an image is missing, unreadable, or of no use
│   ├── ReportError         a report is missing, binary, or too long
│   └── DatasetError        a data set breaks its layout
├── ConfigError             an option, a name or a setting is wrong
├── ParserError             the language model cannot be reached, or its answer is of no use
├── CheckpointError         weights are damaged, of another host, or of a newer schema
├── TrainingError           a run has diverged
├── OutputError             a result cannot be written where it should go
├── PacsError               a PACS refused, failed, or cannot be reached
├── ServiceError            a service of medsegr refused, failed, or cannot be reached
└── MissingExtraError       an optional package is not installed

Every message says what came, what was expected, and what to do. No message
holds report text or patient fields. The command line turns each of them into
one line on standard error and exit code 2.
"""


class MedsegrError(Exception):
    """Base of all errors that medsegr raises on purpose."""


class InputError(MedsegrError):
    """What the user handed over cannot be used."""


class ImageError(InputError):
    """An image is missing, unreadable, or of no use."""


class ReportError(InputError):
    """A report is missing, binary, or too long."""


class DatasetError(InputError):
    """A data set breaks its layout."""


class ConfigError(MedsegrError):
    """An option, a name or a setting is wrong."""


class ParserError(MedsegrError):
    """The language model that reads reports cannot be reached, or its answer is of no use."""


class CheckpointError(MedsegrError):
    """Weights are damaged, of another host, or of a newer schema."""


class TrainingError(MedsegrError):
    """A run has diverged."""


class OutputError(MedsegrError):
    """A result cannot be written where it should go."""


class ServiceError(MedsegrError):
    """A service of medsegr refused, failed, or cannot be reached."""


class PacsError(MedsegrError):
    """A PACS refused, failed, or cannot be reached."""


class MissingExtraError(MedsegrError, ImportError):
    """An optional package is not installed."""
