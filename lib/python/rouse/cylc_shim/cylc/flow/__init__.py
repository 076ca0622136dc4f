"""What xtrigger functions of Cylc workflows import of Cylc, where Cylc is not installed."""
import logging
import sys

__version__ = '8.4.4'


class _ToStderr(logging.Handler):
    """To sys.stderr as it is when something is logged: rouse puts it in the scheduler's log."""

    def emit(self, record):
        try:
            sys.stderr.write(self.format(record) + '\n')
        except Exception:
            self.handleError(record)


LOG = logging.getLogger('cylc')
if not LOG.handlers:
    _handler = _ToStderr()
    _handler.setFormatter(logging.Formatter('%(levelname)s - %(message)s'))
    LOG.addHandler(_handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
