"""Routers and terms of the loss compared: named settings, each trained for the same steps on the same items. See training/ROUTERS.md."""
