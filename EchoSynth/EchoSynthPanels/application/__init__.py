"""What there is once for the application: engine, runner, registration with other modules, slice views."""
