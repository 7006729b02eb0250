"""The shared trainer: tables, batches, optimizers, backends."""
