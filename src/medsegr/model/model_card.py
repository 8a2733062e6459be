"""The model card that goes with a checkpoint, with Hugging Face metadata."""

import re
from pathlib import Path
from typing import Any

CARD = """---
library_name: medsegr
license: {licence}
pipeline_tag: image-segmentation
tags:
- medsegr
- medical-imaging
- segment-anything
- report-guided-segmentation
{base}---

# {title}

An adapter of [medsegr](https://arxiv.org/abs/2506.18669)-style report guidance for the host `{host}`
({size} px). It turns an image and its medical report into one mask per finding, with a support score that
tells when image and report disagree.

```python
import medsegr

model = medsegr.load("{load}")
result = model.segment("image.png", report="Small round nodule in the left upper zone. No effusion.")
```

{facts}## Limits

{limits}Research software: not a medical device, not validated for clinical use.
"""


def write_model_card(config: dict[str, Any]) -> str:
    """Markdown for ``README.md``, from the content of ``adapter.json``."""
    host, metadata = config["host"], config["metadata"]
    told = {key: value for key, value in metadata.items() if key not in ("name", "licence", "limits")}
    facts = "".join(_fact(key, value) for key, value in told.items() if value not in (None, [], {}))
    # Only an id of the hub may stand there; a folder of this machine is nobody else's business.
    of_hub = re.fullmatch(r"[\w.-]+/[\w.-]+", host["name"]) and not Path(host["name"]).exists()
    base = f"base_model: {host['name']}\n" if of_hub and not host["config"] else ""
    shown = host["name"] if of_hub or host["config"] else host["family"]
    return CARD.format(
        licence=metadata.get("licence", "apache-2.0"),
        base=base,
        title=metadata.get("name", "medsegr adapter"),
        host=shown,
        size=host["image_size"],
        load=metadata.get("name", "path/to/this/folder"),
        facts=f"## Facts\n\n{facts}\n" if facts else "",
        limits=f"{metadata['limits']}\n\n" if "limits" in metadata else "",
    )


def _fact(key: str, value: Any) -> str:
    """One fact as a list item; several values as items of their own."""
    name = f"- **{key.replace('_', ' ')}**"
    if isinstance(value, dict):
        return f"{name}:\n" + "".join(f"  - {k.replace('_', ' ')}: {_listed(v)}\n" for k, v in value.items())
    if isinstance(value, list | tuple):
        return f"{name}:\n" + "".join(f"  - {item}\n" for item in value)
    return f"{name}: {value}\n"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
