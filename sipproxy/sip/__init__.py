"""SIP messages as values: no time, no input or output, no cfg."""
