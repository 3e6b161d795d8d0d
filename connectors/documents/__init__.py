"""The documents of both kinds of connector, as serializers."""

from connectors.documents.whole import ConnectorSerializer, DataMovementSerializer, RuntimeToolSerializer

__all__ = ["ConnectorSerializer", "DataMovementSerializer", "RuntimeToolSerializer"]
