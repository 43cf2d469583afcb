"""EndDeviceControls: what devices are told to do, and what becomes of it."""
