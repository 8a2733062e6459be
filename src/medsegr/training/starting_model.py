"""The model that a run starts from: a fresh one, or one that was trained before."""

from dataclasses import replace

from medsegr.backbones.catalogue import resize_host
from medsegr.cognition.taught_words import TaughtWords
from medsegr.errors import ConfigError
from medsegr.inference.builtin import builtin_models, builtin_path
from medsegr.model.attach import build_model, enlarged
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.trained_targets import POLICY
from medsegr.training.config import TrainConfig
from medsegr.training.trunk_cache import refuse_changing_trunk


def starting_model(config: TrainConfig) -> ReportGuidedSam:
    """The model to train, with the LoRA that is asked for, and with its text encoder at hand.

    Args:
        config: Of the run.

    Raises:
        ConfigError: No such host or model, settings that do not fit it, or a text encoder that cannot be loaded.
        CheckpointError: The weights to start from are damaged.
    """
    if config.init:
        model = _trained(config, config.init)
    else:
        model = build_model(config.host, config.adapter, config.image_size or None, config.host_settings or None)
        model.adapter.vocabulary = replace(model.vocabulary, taught=TaughtWords())
    if config.lora.rank and model.adapter.lora is None:
        model.add_lora(config.lora)
    if config.checkpoint_blocks:
        model.gradient_checkpointing_enable()
    if config.half_size_share:
        _refuse_odd_halves(model, config.half_size_share)
    if config.trunk_cache.versions:
        refuse_changing_trunk(model)
    model.text_encoder()
    return model


def _refuse_odd_halves(model: ReportGuidedSam, share: float) -> None:
    """Raise a ConfigError where the first steps cannot be taken at half the image size."""
    try:
        if not model.backbone.whole:
            raise ConfigError("only 'tiny' takes any size.")
        replace(model.backbone.model.config, image_size=model.image_size // 2)
    except ConfigError as error:
        raise ConfigError(
            f"'half_size_share' is {share}, and the model cannot take half of its {model.image_size} px: {error} "
            "Choose another image_size, or half_size_share=0."
        ) from error


def _trained(config: TrainConfig, init: str) -> ReportGuidedSam:
    """The model of that name or folder, with the parts that it is given besides."""
    model = ReportGuidedSam.from_pretrained(builtin_path(init) if init in builtin_models() else init)
    model.metadata.pop(POLICY, None)  # whoever trains a model decides what it draws
    asked, own = config.adapter.text_encoder, model.adapter.config.text_encoder
    if asked and asked != own:
        raise ConfigError(
            f"'adapter.text_encoder' is '{asked}', and the model to start from has {own or 'none'}. "
            "Leave 'adapter.text_encoder' or 'init' out."
        )
    for way in ("box", "mask_prompt", "neighbours"):
        if getattr(config.adapter, way) and not getattr(model.adapter.config, way):
            raise ConfigError(
                f"'adapter.{way}' is on, and the model to start from is without. Leave it out, or start without 'init'."
            )
    fine = bool(config.adapter.fine) and not model.adapter.config.fine
    if config.host_settings or fine:
        model = enlarged(model, config.host_settings, fine)
    if config.image_size:
        resize_host(model.backbone, config.image_size)
    return model
