"""The HTTP server: cheroot, adapted for faults and for many slow clients."""
