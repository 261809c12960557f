"""DICOMweb (PS3.18): one file an operation; `routes` lists them all."""
