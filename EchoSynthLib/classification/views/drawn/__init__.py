"""Pictures that nobody has, drawn to learn views from: hearts cut as hands do, and what is no heart."""
