"""The JSON edge of metering."""
