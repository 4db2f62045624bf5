"""Parts of single tasks, called after them; what several share is in `tasks.common`."""
