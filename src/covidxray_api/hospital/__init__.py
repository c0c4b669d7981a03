"""At home in a hospital: answers as DICOM, FHIR and HL7, where they are kept, how they travel."""
