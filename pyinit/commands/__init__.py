"""The commands of pyinitctl, one module each. main imports only the one that is asked for."""
