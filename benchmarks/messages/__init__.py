"""What is sent: three kinds of messages, each different from all before it.

kind       what a kind of message is, and what differs from message to message
readings   CreateMeterReadings
events     CreatedEndDeviceEvents
controls   CreateEndDeviceControls
requests   the SOAP request around them; an endless supply of them
"""

from benchmarks.messages import controls, events, readings

KINDS = {kind.name: kind for kind in (readings.KIND, events.KIND, controls.KIND)}
