"""The paper's consistency check: structural similarity to a mean radiograph."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from skimage.metrics import structural_similarity

from covidxray_api.consistency.check import Consistency
from covidxray_api.errors import CorruptArtefact
from covidxray_api.models.artefacts import MANIFEST, Declaration, fault_of, verify
from covidxray_api.models.signatures import TrustedKeys
from covidxray_api.preprocessing import preprocess
from covidxray_api.radiograph import Radiograph

MEAN_ARRAY = "mean.npy"
MEAN_PICTURE = "mean.png"


class SsimParameters(Declaration):
    """Parameters of SSIM after Wang et al. 2004, section III-C."""

    gaussian_weights: bool = True
    """Weigh each window by a Gaussian."""

    sigma: float = 1.5
    """Standard deviation of the Gaussian, in pixels (11×11 window)."""

    use_sample_covariance: bool = False
    """Normalise covariances by N, as the paper does, instead of N-1."""

    K1: float = 0.01
    """Constant that stabilises the luminance term."""

    K2: float = 0.03
    """Constant that stabilises the contrast term."""

    data_range: float = 1.0
    """Distance between the smallest and largest intensity."""


class ReferenceManifest(Declaration):
    """What the reference says of itself."""

    size: tuple[int, int]
    """Height and width of the mean radiograph, in pixels."""

    ssim: SsimParameters
    """Parameters of the similarity."""

    threshold: float
    """Least similarity of a chest radiograph."""

    threshold_rule: str
    """How the threshold was chosen."""

    films: Mapping[str, int]
    """Images averaged, by source."""

    metrics: Mapping[str, Any]
    """Measured on held-out radiographs and other images when it was made, with n."""

    files: Mapping[str, str]
    """SHA-256 of each file beside the manifest, by file name."""


class Reference:
    """The mean radiograph and the similarity to it.

    Parameters
    ----------
    mean : ndarray of float32, shape (height, width)
        Mean of many preprocessed images, 0–1.
    parameters : SsimParameters
        Parameters of the similarity.
    threshold : float
        Least similarity of a chest radiograph.
    """

    def __init__(
        self, mean: NDArray[np.float32], parameters: SsimParameters, threshold: float
    ) -> None:
        self.mean = mean
        self.threshold = threshold
        self._parameters = parameters.model_dump()

    @classmethod
    def load(cls, folder: Path, keys: TrustedKeys | None = None) -> Reference:
        """Read the reference that `covidxray reference build` wrote.

        Parameters
        ----------
        folder : Path
            Folder of the mean radiograph.
        keys : TrustedKeys, optional
            One of them has to have signed it.

        Raises
        ------
        CorruptArtefact
            If a file is missing or differs from what was written, or the signature that is asked
            for is missing or wrong.
        """
        try:
            content = (folder / MANIFEST).read_bytes()
            manifest = ReferenceManifest.model_validate_json(content)
            verify(folder, manifest.files)
        except (OSError, ValidationError) as error:
            raise CorruptArtefact("manifest", path=folder, fault=fault_of(error)) from error
        if keys:
            keys.check(folder, sha256(content).hexdigest())
        mean = np.load(folder / MEAN_ARRAY, allow_pickle=False)
        return cls(mean, manifest.ssim, manifest.threshold)

    @property
    def side(self) -> int:
        """Largest height or width of the mean radiograph, in pixels."""
        return max(len(self.mean), len(self.mean[0]))

    @property
    def version(self) -> None:
        """None: there is no learned gate."""
        return

    def similarity(self, image: NDArray[np.uint8]) -> float:
        """Return the SSIM of an image to the mean radiograph.

        Parameters
        ----------
        image : ndarray of uint8, shape (height, width)
            A gray image of any size.

        Returns
        -------
        float
            Mean structural similarity, -1 to 1 (Wang et al. 2004, eq. 13 and 14).
        """
        height, width = self.mean.shape
        tensor = preprocess([image], (height, width))[0, ..., 0]
        return float(structural_similarity(self.mean, tensor, **self._parameters))

    def check(self, radiograph: Radiograph) -> tuple[Consistency, Radiograph]:
        """Judge an image by the paper's rule alone, and leave it as it is."""
        ssim = self.similarity(radiograph.pixels)
        return Consistency(ssim, self.threshold, consistent=ssim >= self.threshold), radiograph
