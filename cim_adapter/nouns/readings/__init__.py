"""MeterReadings: stored, asked for, taken back."""
