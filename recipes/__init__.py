"""One script per task of a lesson: data, model, optimiser, fit, report, top to bottom."""
