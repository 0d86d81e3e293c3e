"""Errors that a person at the command line can act on: what failed, the limit, the value and the remedy."""


class TrainingError(Exception):
    """Base of all errors this package reports as one line instead of a traceback."""


class DataError(TrainingError):
    """A data file is missing, unreadable or does not have the expected fields."""


class CheckpointError(TrainingError):
    """A checkpoint is missing, damaged or belongs to another config."""


class SpaceError(TrainingError):
    """The disk has too little room for what is about to be written."""
