"""Suite `cleaning`: tables with wrong cells, repaired without any truth, and scored against it afterwards."""
