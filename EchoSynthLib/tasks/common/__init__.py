"""What several tasks share: inputs, folders, where results go, what they are called."""
