"""Dialogs: small windows that open(), never exec(), delete themselves and answer through a signal or a callback."""
