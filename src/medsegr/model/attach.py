"""A host and a fresh adapter become a model."""

from typing import Any

from torch import nn

from medsegr.backbones.catalogue import build_host, wrap_host
from medsegr.backbones.host_spec import HostSpec
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.model.adapter import AdapterConfig
from medsegr.model.report_guided_sam import ReportGuidedSam


def attach(
    model: nn.Module,
    config: AdapterConfig | None = None,
    vocabulary: PriorVocabulary | None = None,
    *,
    host: HostSpec | None = None,
    name: str = "default",
) -> ReportGuidedSam:
    """Put a fresh adapter on a host; the host's outputs stay the same, bit for bit.

    Args:
        model: For example ``transformers.SamModel.from_pretrained("facebook/sam-vit-base")``, or any
            encoder with a mask head together with ``host``.
        config: Sizes of the adapter.
        vocabulary: Names with a row in the tables; the built-in lexicon's by default.
        host: What there is to know of a host that the catalogue does not hold.
        name: Of the adapter, where several are to share the host.

    Raises:
        ConfigError: The host is not in the catalogue, or the config does not fit it.
    """
    return ReportGuidedSam(wrap_host(model, spec=host), vocabulary or PriorVocabulary.default(), config, name)


def build_model(
    host: str = "tiny",
    config: AdapterConfig | None = None,
    image_size: int | None = None,
    host_config: dict[str, Any] | None = None,
) -> ReportGuidedSam:
    """A host by name with a fresh adapter.

    Args:
        host: ``tiny``, a Hugging Face id or folder of a SAM, or ``module:function``; see ``build_host``.
        config: Sizes of the adapter.
        image_size: Side of the square input; the host's own by default.
        host_config: For ``tiny``: fields of ``TinyConfig``.

    Raises:
        ConfigError: No such host, or the config does not fit it.
    """
    return ReportGuidedSam(build_host(host, image_size, host_config), PriorVocabulary.default(), config)
