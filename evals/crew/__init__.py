"""Suite `crew`: whole folders delivered by the crew and by baselines, judged by one scorer."""
