"""Words of derived reports: the lexicon's own, without those that would say more than a mask knows.

A glioma, a melanoma or an adenoma is a diagnosis, so a mask of a brain tumour is
never called one. Targets and attributes that are not listed are spoken of by
their canonical names.
"""

NOUNS: dict[str, tuple[tuple[str, str], ...]] = {
    "ground_glass_opacity": (
        ("ground-glass opacity", "ground-glass opacities"),
        ("ground-glass opacification", "ground-glass opacifications"),
        ("GGO", "GGOs"),
    ),
    "consolidation": (("consolidation", "consolidations"), ("consolidative opacity", "consolidative opacities")),
    "airspace_opacity": (("airspace opacity", "airspace opacities"), ("lung opacity", "lung opacities")),
    "nodule": (("nodule", "nodules"),),
    "mass": (("mass", "masses"),),
    "brain_tumour": (("brain tumour", "brain tumours"), ("tumour", "tumours"), ("lesion", "lesions")),
    "breast_lesion": (("breast lesion", "breast lesions"), ("lesion", "lesions"), ("focal lesion", "focal lesions")),
    "liver_lesion": (("liver lesion", "liver lesions"), ("hepatic lesion", "hepatic lesions")),
    "skin_lesion": (("skin lesion", "skin lesions"), ("lesion", "lesions")),
    "polyp": (("polyp", "polyps"), ("polypoid lesion", "polypoid lesions")),
    "nucleus": (("nucleus", "nuclei"), ("cell nucleus", "cell nuclei")),
    "gland": (("gland", "glands"),),
    "left_ventricle": (("left ventricle", ""), ("left ventricular cavity", ""), ("LV", "")),
    "right_ventricle": (("right ventricle", ""), ("right ventricular cavity", ""), ("RV", "")),
    "myocardium": (("myocardium", ""), ("left ventricular myocardium", ""), ("LV wall", "")),
    "lymphadenopathy": (("lymphadenopathy", "enlarged lymph nodes"),),
    "metastasis": (("metastasis", "metastases"),),
    "diverticulum": (("diverticulum", "diverticula"),),
    "bulla": (("bulla", "bullae"),),
    "calcification": (("calcification", "calcifications"),),
    "haemorrhage": (("haemorrhage", "haemorrhages"), ("haematoma", "haematomas")),
    "pleural_effusion": (("pleural effusion", "pleural effusions"),),
    "airways": (("airway", "airways"),),
    "cardiomediastinum": (("cardiomediastinal silhouette", ""), ("cardiomediastinal contour", "")),
    "monitoring_probes": (("monitoring probe", "monitoring probes"), ("monitoring lead", "monitoring leads")),
    "tubings": (("piece of tubing", "pieces of tubing"),),
}
"""Target -> (singular, plural), the plainest first. What a modality reads differently is not used there."""

UNCOUNTED = frozenset(
    {
        "architectural_distortion", "ascites", "atelectasis", "atrophy", "bile_duct_dilatation", "blue_whitish_veil",
        "bone_marrow_edema", "bowel_obstruction", "bowel_wall_thickening", "brain_edema", "bronchial_wall_thickening",
        "bronchiectasis", "cardiomegaly", "costophrenic_blunting", "degenerative_change", "dots_globules", "drusen",
        "duct_dilatation", "echogenic_halo", "edema", "elevated_hemidiaphragm", "emphysema", "erythema", "fibrosis",
        "free_gas", "gallbladder_wall_thickening", "hepatic_steatosis", "hepatomegaly", "hilar_enlargement",
        "hydrocephalus", "hydronephrosis", "hyperinflation", "joint_effusion", "low_lung_volume", "lymphadenopathy",
        "lymphocytic_infiltrate", "macular_edema", "mass_effect", "mediastinal_shift", "mediastinal_widening",
        "midline_shift", "mucus_plugging", "myocardial_scar", "necrosis", "neovascularisation",
        "pancreatic_duct_dilatation", "pericardial_effusion", "pigment_network", "pleural_effusion",
        "pleural_thickening", "pneumomediastinum", "pneumonia", "pneumothorax", "residual_stool", "retinal_detachment",
        "septal_thickening", "silhouette_loss", "sinus_disease", "skin_thickening", "splenomegaly", "streaks",
        "subcutaneous_emphysema", "tracheal_deviation", "varices", "vascular_congestion", "vascular_invasion",
        "vascular_structures", "vitreous_haemorrhage", "volume_loss", "wall_motion_abnormality",
    }
)  # fmt: skip
"""Findings of which there is more or less, and not one or two."""

WITH_ARTICLE = ("effusion", "pneumothorax", "shift", "halo", "veil", "network", "obstruction", "detachment")
"""Last words of those that have an article all the same."""

ADJECTIVES: dict[str, tuple[str, ...]] = {
    "round": ("round", "rounded"),
    "oval": ("oval", "ovoid", "elliptical"),
    "irregular": ("irregular", "irregularly shaped"),
    "linear": ("linear", "band-like"),
    "ring_shaped": ("ring-shaped", "annular"),
    "medium": ("medium-sized", "moderate-sized"),
    "hypodense": ("hypodense", "hypoattenuating", "low-attenuation"),
    "hyperdense": ("hyperdense", "hyperattenuating", "high-attenuation"),
    "hyperechoic": ("hyperechoic", "echogenic"),
    "homogeneous": ("homogeneous", "uniform"),
    "heterogeneous": ("heterogeneous", "inhomogeneous"),
}
"""Attribute -> words; others are spoken as they are called."""

SIZE_CLASSES = ("tiny", "small", "medium", "large", "massive")
"""They stand before other adjectives."""

COUNTS: dict[int | str, tuple[str, ...]] = {
    1: ("single", "solitary"), 2: ("two",), 3: ("three",), 4: ("four",), 5: ("five",), 6: ("six",),
    "multiple": ("multiple", "several"),
}  # fmt: skip
"""Number -> words; others are written in digits."""

SIDES: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "on the left side"),
    "right": ("on the right", "on the right side"),
    "bilateral": ("on both sides", "bilaterally"),
    "midline": ("in the midline",),
}

LUNG_SIDES: dict[str, tuple[str, ...]] = {
    "left": ("in the left lung",), "right": ("in the right lung",), "bilateral": ("in both lungs",),
}  # fmt: skip

LUNG_TARGETS = frozenset(
    {"ground_glass_opacity", "consolidation", "airspace_opacity", "interstitial_opacity", "nodule", "mass", "cavity"}
)
"""Findings that lie in a lung when they lie in a chest."""

ZONES: dict[str, tuple[str, ...]] = {
    "upper_zone": ("in the {side} upper zone",),
    "mid_zone": ("in the {side} mid zone", "in the {side} middle zone"),
    "lower_zone": ("in the {side} lower zone",),
    "anterior": ("anteriorly",),
    "posterior": ("posteriorly",),
    "top": ("at the top of the {picture}", "in the upper part of the {picture}"),
    "bottom": ("at the bottom of the {picture}", "in the lower part of the {picture}"),
    "left": ("on the left of the {picture}", "in the left half of the {picture}"),
    "right": ("on the right of the {picture}", "in the right half of the {picture}"),
    "center": ("in the centre of the {picture}", "in the middle of the {picture}"),
    "top_left": ("in the upper left of the {picture}", "at the top left of the {picture}"),
    "top_right": ("in the upper right of the {picture}", "at the top right of the {picture}"),
    "bottom_left": ("in the lower left of the {picture}", "at the bottom left of the {picture}"),
    "bottom_right": ("in the lower right of the {picture}", "at the bottom right of the {picture}"),
}
"""Zone -> where; others are spoken of as "in the <name>"."""

PICTURES = ("image", "picture")

OPENINGS: dict[str, tuple[str, ...]] = {
    "chest_xray": ("Chest radiograph.", "Chest X-ray, frontal view."),
    "chest_ct": ("CT of the chest.", "Chest CT, axial slice."),
    "abdomen_ct": ("CT of the abdomen.", "Abdominal CT."),
    "brain_mri": ("MRI of the brain.", "Brain MRI, axial slice."),
    "brain_ct": ("CT of the head.", "Head CT, axial slice."),
    "cardiac_mri": ("Cardiac MRI.", "Cardiac MRI, short axis."),
    "breast_ultrasound": ("Breast ultrasound.", "Ultrasound of the breast."),
    "colonoscopy": ("Colonoscopy.",),
    "dermoscopy": ("Dermoscopy.",),
}
"""Modality -> first lines that name it and nothing else."""

PRESENT = (
    "There {be} {thing} {place}.",
    "{Thing} {be} seen {place}.",
    "{Thing} {place}.",
    "{Place} there {be} {thing}.",
    "{Thing} {be} noted {place}.",
    "{Thing} {be} identified {place}.",
    "{Thing} {be} demonstrated {place}.",
)
"""The first is the plainest."""

ORGANS = ("The {noun} is {adjectives}.", "The {noun} appears {adjectives}.")
ORGAN_SEEN = ("The {noun} is seen.", "The {noun} is shown.", "The {noun} is visible.")
ORGAN_MEASURED = "The {noun} measures {size}."
ORGAN_SIZED = "The {noun} is {adjectives} and measures {size}."

ABSENT = (
    "No {nouns}.",
    "There is no {nouns}.",
    "No evidence of {nouns}.",
    "No {nouns} is seen.",
    "No sign of {nouns}.",
)
