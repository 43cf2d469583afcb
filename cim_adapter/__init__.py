"""A bus adapter for IEC 61968-9 metering messages in IEC 61968-100 envelopes."""
