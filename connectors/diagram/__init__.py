"""The architecture picture of the registry: the decision plane and the execution plane, each in a lane of its own."""
