"""Vesalius: picture archive and medical record in one."""
