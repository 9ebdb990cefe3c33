"""Training: the loop, resumable state, report and plots."""
