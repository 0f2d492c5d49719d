"""Several trainings that answer one question: folds, networks, cameras held out."""
