"""Which model is measured."""

from medsegr.errors import ConfigError


def one_model(name: str) -> str:
    """The name of a model that is to be measured.

    Raises:
        ConfigError: It is ``auto``, which may take several.
    """
    from medsegr.inference.auto import AUTO

    if name == AUTO:
        raise ConfigError("'auto' takes one of several models for each study. Measure one of them: --model lite.")
    return name
