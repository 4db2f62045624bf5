"""What a panel starts: nodes in, the worker's task, nodes out. No Qt in here.

A job is a generator that does a few milliseconds of work between its yields, so that whoever drives it keeps the window
alive; closing it cancels it. Nothing enters the scene before the last step.
"""
