"""A limited child process: a function of rnnlab's runs there on plain data, and cannot take more time or room than it was given.

`Jail` holds one warm process that has imported what the jobs need; each job is a fork of it and costs milliseconds. Where
there is no fork, each job is a new process. A job has a folder of its own as its working folder and as its home, and none of
the caller's environment but what Python needs to start. It is killed with everything that it started.
"""

from rnnlab.jail.limits import Limits
from rnnlab.jail.result import Result
from rnnlab.jail.running import Jail, run

__all__ = ["Jail", "Limits", "Result", "run"]
