"""One builder per kind: typed values in, a manifest out."""
