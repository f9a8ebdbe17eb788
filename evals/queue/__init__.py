"""The suite `queue`: every run ends once, whoever is killed."""
