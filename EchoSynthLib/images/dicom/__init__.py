"""What a DICOM ultrasound object holds: header, calibration, pixels."""
