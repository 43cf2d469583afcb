"""EndDeviceEvents: what devices tell."""
