"""Finding code that names metrics otherwise than by the generated module. Pure: files in, findings out."""

from metrics.checking.dictionary import Dictionary, Known
from metrics.checking.findings import Finding, sarif
from metrics.checking.walking import findings_of

__all__ = ["Dictionary", "Finding", "Known", "findings_of", "sarif"]
