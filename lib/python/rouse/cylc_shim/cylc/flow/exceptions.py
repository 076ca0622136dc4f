"""Exceptions that xtrigger functions and their validate() raise."""


class CylcError(Exception):
    """Anything that goes wrong in Cylc."""


class InputError(CylcError):
    """What the user gave is wrong."""


class CylcConfigError(CylcError):
    """A configuration is wrong."""


class WorkflowConfigError(CylcConfigError):
    """The definition of the workflow is wrong: what validate() raises."""


class XtriggerConfigError(WorkflowConfigError):
    """The definition of an xtrigger is wrong."""

    def __init__(self, label, trigger, problem):
        super().__init__(label, trigger, problem)
        self.label, self.trigger, self.problem = label, trigger, problem

    def __str__(self):
        return f'[@{self.label}] {self.trigger}\n{self.problem}'


class CyclingError(CylcError):
    """Something about cycle points."""


class PointParsingError(CyclingError):
    """No cycle point."""


class IntervalParsingError(CyclingError):
    """No interval."""


class PluginError(CylcError):
    """Something about a plugin."""
