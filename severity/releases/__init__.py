"""Release candidates: documents, what people say of their rows, attestations, promotions."""
