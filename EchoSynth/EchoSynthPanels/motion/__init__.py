"""The section Motion: tracking, strain, and labels that are carried along."""
