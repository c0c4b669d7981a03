"""The DICOM node: films come in by C-STORE, studies are answered, results go out."""
