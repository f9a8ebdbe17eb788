"""The suite `operation-faults`: faults put into agents and services, how soon they are seen, met and over."""
