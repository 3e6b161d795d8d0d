"""Run by the Python of dbt's own environment: a semantic manifest on standard input, read and validated by dbt's parser."""

import sys

from dbt_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
from dbt_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator

manifest = PydanticSemanticManifest.parse_raw(sys.stdin.read())
found = SemanticManifestValidator[PydanticSemanticManifest]().validate_semantic_manifest(manifest)
for one in (*found.errors, *found.future_errors):
    sys.stderr.write(f"{one.as_readable_str()}\n")
sys.stdout.write(f"{len(manifest.metrics)}\n")
sys.exit(1 if found.has_blocking_issues else 0)
