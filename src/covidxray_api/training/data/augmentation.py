"""Augmentation that takes away what tells sources apart rather than diseases.

Networks trained on radiographs of many sources recognise the source (DeGrave et al. 2021). Each
step here randomises one cue by which they do: framing, tone, frequency content, compression,
borders, markers. All work on the decoded radiograph, before `preprocess`, which training and
serving share.
"""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

LabelledImage = MatLike
"""A gray radiograph: ndarray of uint8, shape (side, side)."""

_GRAY = np.arange(256, dtype=np.float32)


def augment(image: LabelledImage, donor: LabelledImage, rng: np.random.Generator) -> LabelledImage:
    """Return a radiograph that shows the same chest as another source might have made it.

    Parameters
    ----------
    image : ndarray of uint8, shape (side, side)
        The radiograph.
    donor : ndarray of uint8, shape (side, side)
        A radiograph of any source and label, whose tones are lent to this one.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of uint8, shape (side, side)
    """
    image = frame(image, rng)
    if rng.random() < 0.5:
        image = cv2.LUT(image, lent_tones(image, donor, rng.uniform(0.3, 1.0)))
    if rng.random() < 0.3:
        image = lend_low_frequencies(image, donor, rng)
    image = cv2.LUT(image, random_tones(rng))
    image = degrade(image, rng)
    return mark(image, rng)


def soften(
    image: LabelledImage, detail: tuple[int, int], rim: float, rng: np.random.Generator
) -> LabelledImage:
    """Take the rim and the fine detail from a radiograph: both tell its hospital.

    Networks read the hospital off the image: Zech et al. 2018.

    Parameters
    ----------
    image : ndarray of uint8, shape (side, side)
        The radiograph.
    detail : tuple of int
        Least and most pixels a side that are left of it.
    rim : float
        Largest share of the side that is cut from each edge.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of uint8, shape (side, side)
    """
    side = image.shape[0]
    cut, left = round(rng.uniform(0, rim) * side), int(rng.integers(detail[0], detail[1] + 1))
    image = image[cut : side - cut, cut : side - cut]
    image = cv2.resize(image, (left, left), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)


def frame(image: LabelledImage, rng: np.random.Generator) -> LabelledImage:
    """Mirror, rotate, scale, stretch and shift a radiograph; what comes in is black or its edge."""
    side = image.shape[0]
    angle = rng.normal(0, 5)
    zoom = np.exp(rng.uniform(-0.15, 0.25))
    stretch = np.exp(rng.uniform(-0.1, 0.1))
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1.0)
    matrix[0] *= zoom * stretch
    matrix[1] *= zoom / stretch
    # Scaling the rows also moved the centre; bring it back, then shift by up to 8 %.
    centre = matrix @ np.array([side / 2, side / 2, 1.0])
    matrix[:, 2] += side / 2 - centre + rng.uniform(-0.08, 0.08, 2) * side
    if rng.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += side - 1
    border = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REPLICATE
    return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)


def lent_tones(image: LabelledImage, donor: LabelledImage, share: float) -> NDArray[np.uint8]:
    """Return a tone curve that brings a radiograph's histogram a share of the way to a donor's.

    Histogram specification: Gonzalez & Woods, Digital Image Processing, section 3.3.
    """
    have = np.bincount(image.ravel(), minlength=256).cumsum()
    want = np.bincount(donor.ravel(), minlength=256).cumsum()
    matched = np.interp(have, want, _GRAY)
    curve: NDArray[np.uint8] = np.clip((1 - share) * _GRAY + share * matched, 0, 255).astype(
        np.uint8
    )
    return curve


def lend_low_frequencies(
    image: LabelledImage, donor: LabelledImage, rng: np.random.Generator
) -> LabelledImage:
    """Give a radiograph the low-frequency amplitudes of a donor and keep its own phase.

    Amplitude carries style, phase content: Yang & Soatto 2020, FDA, eq. 3.
    """
    side = image.shape[0]
    reach = max(1, round(rng.uniform(0.01, 0.06) * side))
    spectrum = np.fft.rfft2(image.astype(np.float32))
    lent = np.abs(np.fft.rfft2(donor.astype(np.float32)))
    share = rng.uniform(0.3, 1.0)
    for rows in (slice(0, reach), slice(side - reach, side)):
        corner = spectrum[rows, :reach]
        amplitude = np.abs(corner) + 1e-6
        spectrum[rows, :reach] = corner * (1 - share + share * lent[rows, :reach] / amplitude)
    return np.clip(np.fft.irfft2(spectrum, s=image.shape), 0, 255).astype(np.uint8)


def random_tones(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a random display curve: a window, then a gamma, then a brightness range."""
    low, high = rng.uniform(-0.1, 0.15), rng.uniform(0.8, 1.1)
    gamma = np.exp(rng.uniform(-0.6, 0.6))
    black, white = rng.uniform(0, 0.15), rng.uniform(0.8, 1.0)
    windowed = np.clip((_GRAY / 255 - low) / (high - low), 0, 1) ** gamma
    curve: NDArray[np.uint8] = (255 * (black + (white - black) * windowed)).astype(np.uint8)
    return curve


def degrade(image: LabelledImage, rng: np.random.Generator) -> LabelledImage:
    """Blur or sharpen, add noise, compress: what detectors, printers and archives do."""
    side = image.shape[0]
    chance = rng.random()
    if chance < 0.25:
        small = round(side * rng.uniform(0.4, 0.9))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)
    elif chance < 0.45:
        blurred = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5))
        amount = rng.uniform(0.3, 1.5)
        image = cv2.addWeighted(image, 1 + amount, blurred, -amount, 0)
    elif chance < 0.6:
        clahe = cv2.createCLAHE(rng.uniform(1, 4), (8, 8))
        image = clahe.apply(image)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(1, 8), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(20, 95))
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE))
    return image


def mark(image: LabelledImage, rng: np.random.Generator) -> LabelledImage:
    """Draw borders, letters and boxes as radiographs carry them."""
    side = image.shape[0]
    tone = int(rng.choice(np.array([0, 255, rng.integers(256)])))
    image = np.array(image)
    if rng.random() < 0.25:
        top, bottom, left, right = (rng.uniform(0, 0.1, 4) * side * (rng.random(4) < 0.6)).astype(
            int
        )
        image[:top], image[side - bottom :] = tone, tone
        image[:, :left], image[:, side - right :] = tone, tone
    if rng.random() < 0.3:
        letters = "".join(rng.choice(np.array(list("LRAPSITZUM0123456789 ")), rng.integers(1, 9)))
        where = (int(rng.uniform(0, 0.9) * side), int(rng.uniform(0.05, 1) * side))
        scale = rng.uniform(0.2, 0.6)
        cv2.putText(image, letters, where, cv2.FONT_HERSHEY_SIMPLEX, scale, tone, 1, cv2.LINE_AA)
    if rng.random() < 0.3:
        height, width = (rng.uniform(0.05, 0.25, 2) * side).astype(int)
        top, left = rng.integers(side - height), rng.integers(side - width)
        image[top : top + height, left : left + width] = rng.integers(256)
    return image
