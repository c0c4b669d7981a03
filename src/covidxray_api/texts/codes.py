"""The codes that answers carry, by what they are said of: the table of docs/codes.md.

A minor version may add codes, so that a program takes those that it does not know for words to
show; what follows from a finding stands in its `action`.
"""

from __future__ import annotations

REJECTIONS = ("not_a_chest_radiograph",)
"""Why an image gets no diagnosis."""

FINDINGS = (
    "inverted",
    "rotated_90",
    "rotated_180",
    "rotated_270",
    "lateral",
    "cropped",
    "not_an_image_of_one_film",
    "other_modality",
    "low_contrast",
    "too_small",
    "colour_photo_of_a_film",
)
"""What is to be said of an image beside whether it is a chest radiograph."""

WARNINGS = (
    "sixteen_bit_rescaled",
    "wide_values_rescaled",
    "first_frame_used",
    "taken_by_a_camera",
    "transparency_on_black",
    "transparency_ignored",
    "no_voi_window",
    "range_clipped",
    "window_reread",
    "window_shows_nothing",
    "voi_lut_narrower",
    "rescale_assumed",
    "padding_value_reread",
    "padding_assumed",
    "bits_beyond_stated",
    "photometric_assumed",
    "attributes_from_codestream",
    "end_missing",
    "site_insensitive",
    "site_unlike",
    "site_far",
)
"""What was assumed in reading a file, and why the service should not be used at a site."""

WITHHELD = ("no_map", "map_not_faithful")
"""Why there is no saliency map."""

PRIORITIES = (
    "certain_covid_19",
    "uncertain_answer",
    "other_pneumonia",
    "not_assessed",
    "no_sign",
)
"""How urgent it is that somebody reads a study, the most urgent first."""

LIMITS = (
    "other_findings_not_looked_for",
    "other_pneumonia_alike",
    "bacterial_not_told_apart",
    "photograph",
    "not_for_patients",
)
"""What an answer does not tell."""

FIGURES = (
    "false_positives_elsewhere",
    "false_positives_at_worst",
    "not_measured_elsewhere",
    "measured_at_home",
    "false_positives_at_site",
    "sensitivity_of_site",
    "sensitivity_of_known_hospitals",
)
"""How often answers were right or wrong."""

SPOTS = ("inside_lungs", "outside_lungs", "undetermined")
"""Where a saliency map is strongest."""

NOTES = ("map_tested", "map_does_not_mean", "map_outside_lungs")
"""What a saliency map does and does not mean."""
