"""MeterReadSchedule: when meters are to be read."""
