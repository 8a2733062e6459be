"""The form in which words are compared: one spelling, singular."""

from functools import lru_cache

REMEMBERED = 1 << 14
"""Words whose folded form is kept: most words of a lexicon stand in many of its phrases."""

_SPELLINGS = (
    ("\u2019", "'"), ("haem", "hem"), ("oedem", "edem"), ("oesoph", "esoph"), ("tumour", "tumor"), ("grey", "gray"),
    ("caec", "cec"), ("faec", "fec"), ("centre", "center"), ("chaem", "chem"), ("colour", "color"),
    ("calibre", "caliber"), ("aemi", "emi"), ("localis", "localiz"), ("generalis", "generaliz"), ("fibre", "fiber"),
    ("visualis", "visualiz"), ("vascularis", "vasculariz"), ("dilatation", "dilation"), ("neoplasia", "neoplasm"),
    ("characteris", "characteriz"), ("naev", "nev"), ("leuco", "leuko"), ("orrhoea", "orrhea"), ("anaem", "anem"),
)  # fmt: skip
_PLURALS = {
    "nuclei": "nucleus", "bullae": "bulla", "apices": "apex", "metastases": "metastasis", "foci": "focus",
    "diverticula": "diverticulum", "emboli": "embolus", "hila": "hilum", "calculi": "calculus",
    "mitoses": "mitosis", "varices": "varix", "granulomata": "granuloma", "granulomas": "granuloma",
    "thrombi": "thrombus", "atelectases": "atelectasis", "axillae": "axilla", "menisci": "meniscus",
    "pneumothoraces": "pneumothorax", "bronchi": "bronchus", "vertebrae": "vertebra", "nevi": "nevus",
    "naevi": "nevus", "naevus": "nevus", "septa": "septum", "acini": "acinus", "thickenings": "thickening",
    "cortices": "cortex", "vertices": "vertex", "stenoses": "stenosis", "nucleoli": "nucleolus", "ova": "ovum",
    "diagnoses": "diagnosis", "fundi": "fundus", "gyri": "gyrus", "sulci": "sulcus", "ganglia": "ganglion",
    "aphthae": "aphtha", "papillae": "papilla", "pleurae": "pleura", "maculae": "macula", "patellae": "patella",
    "drusens": "drusen", "adenomata": "adenoma", "cysts": "cyst", "infiltrates": "infiltrate", "lenses": "lens",
}  # fmt: skip


@lru_cache(maxsize=REMEMBERED)
def fold(word: str) -> str:
    """The form in which words are compared: lower case, one spelling, singular."""
    word = word.lower()
    if word in _PLURALS:
        word = _PLURALS[word]
    for one, other in _SPELLINGS:
        word = word.replace(one, other)
    if len(word) <= 3 or not word.isalpha() or word.endswith(("ss", "us", "is", "ous")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def is_plural(text: str) -> bool:
    """True for words in the plural ("nodules", "nuclei")."""
    word = text.lower()
    return word in _PLURALS or (word.endswith("s") and not word.endswith(("ss", "us", "is")))
