"""The settings file and the secrets; what the settings mean is said by whoever uses them."""
