"""The suite `hub`: what becomes of messages and their effects when consumers are killed, and how fast it goes."""
