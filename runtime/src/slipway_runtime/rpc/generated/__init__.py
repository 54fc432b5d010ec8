"""What hack/proto/generate writes."""
