"""What is told how a training goes: the progress that people see first, plug-ins' loggers after it."""
