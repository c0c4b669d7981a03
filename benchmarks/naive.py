"""The naive service: FastAPI around `Model.predict`, full decoding, all on the event loop."""

from __future__ import annotations

import io
from typing import Any

import cv2
import keras
import numpy as np
from fastapi import FastAPI, UploadFile
from PIL import Image
from skimage.metrics import structural_similarity

from covidxray_api.models.manifest import WEIGHTS
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings

settings = Settings()
stored = ModelStore(settings.model_store).get(settings.default_model)
network = keras.saving.load_model(stored.folder / WEIGHTS, compile=False, safe_mode=True)
mean = np.load(settings.reference / "mean.npy")
app = FastAPI()


@app.get("/health/ready")
async def ready() -> dict[str, bool]:
    """Answer once the network is loaded."""
    return {"ready": True}


@app.post("/predict")
async def predict(file: UploadFile) -> dict[str, Any]:
    """Decode, compare with the mean radiograph, and predict."""
    film = np.asarray(Image.open(io.BytesIO(await file.read())).convert("L"))
    small = cv2.resize(film, mean.shape[::-1]) / 255.0
    ssim = structural_similarity(mean, small.astype(np.float32), data_range=1.0)
    _, height, width, _ = network.input_shape
    tensor = cv2.resize(film, (width, height)).astype(np.float32)[None, ..., None] / 255.0
    return {"ssim": float(ssim), "probabilities": network.predict(tensor, verbose=0)[0].tolist()}
