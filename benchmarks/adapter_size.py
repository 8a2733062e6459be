"""What the adapter adds to SAM ViT-B, ViT-L and ViT-H: parameters, and their share of the host's.

    python -m benchmarks.adapter_size

Hosts are built from their configuration on the meta device: nothing is downloaded. Writes
``results/adapter_size.json``.
"""

import torch
from transformers import SamConfig, SamModel, SamVisionConfig

from benchmarks.record import write_record
from medsegr.model.attach import attach

HOSTS = {
    "sam-vit-base": SamVisionConfig(),
    "sam-vit-large": SamVisionConfig(
        hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, global_attn_indexes=[5, 11, 17, 23]
    ),
    "sam-vit-huge": SamVisionConfig(
        hidden_size=1280, num_hidden_layers=32, num_attention_heads=16, global_attn_indexes=[7, 15, 23, 31]
    ),
}


def shares() -> dict[str, dict[str, float]]:
    """Host -> its parameters, the adapter's, and the share in percent."""
    found = {}
    for name, vision in HOSTS.items():
        with torch.device("meta"):
            host = SamModel(SamConfig(vision_config=vision.to_dict()))
            own = sum(p.numel() for p in host.parameters())
            added = sum(p.numel() for p in attach(host).adapter.parameters())
        found[name] = {"host": own, "adapter": added, "percent": round(100 * added / own, 3)}
    return found


if __name__ == "__main__":
    write_record("adapter_size", 0, {"hosts": shares()})
