"""Writes a picture as a DICOM radiograph of nobody: `python film.py normal.png film.dcm`."""

from __future__ import annotations

import sys
from datetime import datetime

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

picture, film = sys.argv[1:]
pixels = np.asarray(Image.open(picture).convert("L"))
now = datetime.now()

made = Dataset()
made.file_meta = FileMetaDataset()
made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
made.SOPClassUID = ComputedRadiographyImageStorage
made.SOPInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
made.StudyInstanceUID = generate_uid()
made.PatientName, made.PatientID = "Example^Composite", "EXAMPLE"
made.PatientBirthDate = made.PatientSex = made.AccessionNumber = made.ReferringPhysicianName = ""
made.StudyID, made.SeriesNumber, made.InstanceNumber = "1", 1, 1
made.StudyDate, made.StudyTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
made.Modality, made.BodyPartExamined, made.ViewPosition = "CR", "CHEST", "PA"
made.PatientOrientation = ["L", "F"]
made.Rows, made.Columns = pixels.shape
made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
made.PixelData = pixels.tobytes() + bytes(pixels.size % 2)
made["PixelData"].VR = "OW"
made.save_as(film, enforce_file_format=True)
