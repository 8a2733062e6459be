"""A host and a fresh adapter become a model."""

from dataclasses import replace
from typing import Any

from torch import nn

from medsegr.backbones.catalogue import build_host, wrap_host
from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.tiny import RUNNING
from medsegr.cognition.prior_embedding import PriorVocabulary
from medsegr.errors import ConfigError
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
        vocabulary: Names with a row in the tables; the built-in lexicon's by default.
        host: What there is to know of a host that the catalogue does not hold.
        name: Of the adapter, where several are to share the host.

    Raises:
        ConfigError: The host is not in the catalogue, or the config does not fit it.
    """
    return ReportGuidedSam(wrap_host(model, spec=host), vocabulary, config, name)


def build_model(
    host: str = "tiny",
    config: AdapterConfig | None = None,
    image_size: int | None = None,
    host_config: dict[str, Any] | None = None,
) -> ReportGuidedSam:
    """A host by name with a fresh adapter.

    Args:
        host: ``tiny``, a Hugging Face id or folder of a SAM, or ``module:function``; see ``build_host``.
        image_size: Side of the square input; the host's own by default.
        host_config: For ``tiny``: fields of ``TinyConfig``.

    Raises:
        ConfigError: No such host, or the config does not fit it.
    """
    return ReportGuidedSam(build_host(host, image_size, host_config), None, config)


def enlarged(model: ReportGuidedSam, host_config: dict[str, Any], fine: bool = False) -> ReportGuidedSam:
    """A model that is trained whole, with new parts: they are fresh and without effect, all else is the model's own.

    Batch norms can give way to instance norms: weights, scales and shifts are kept, and what they do is not, so such
    a model must be trained on. The other way is refused: nothing is known of the pictures that it was trained on.

    Args:
        model: On the ``tiny`` host.
        host_config: Fields of ``TinyConfig`` that turn parts on, such as ``refined``, or ``norm``.
        fine: Turn ``AdapterConfig.fine`` on as well.

    Raises:
        ConfigError: The host is not trained whole, its weights do not fit the new sizes, or batch norms are asked for
            where it has instance norms.
    """
    backbone, config = model.backbone, model.adapter.config
    if not backbone.whole:
        raise ConfigError(f"Sizes of host '{backbone.name}' are its own: only 'tiny' takes new parts.")
    sizes = {**backbone.model.config.to_dict(), **host_config}
    if sizes["norm"] == "batch" != backbone.model.config.norm:
        raise ConfigError(
            "The model to start from has instance norms, and 'norm' is 'batch'; only the other way is possible. "
            "Set host_settings.norm=instance."
        )
    wider = build_host("tiny", None, sizes)
    grown = ReportGuidedSam(wider, model.vocabulary, replace(config, fine=config.fine or fine))
    fresh = grown.state_dict()
    state = {n: t for n, t in model.state_dict().items() if n in fresh or not n.endswith(RUNNING)}
    unlike = [name for name, tensor in state.items() if name not in fresh or fresh[name].shape != tensor.shape]
    if unlike:
        raise ConfigError(
            f"'{unlike[0]}' of the model to start from does not fit {host_config}: with 'init' host settings can add "
            "parts (host_settings.refined=16) and change no size. Leave 'init' or that setting out."
        )
    grown.load_state_dict({**fresh, **state})
    grown.metadata = dict(model.metadata)
    return grown
