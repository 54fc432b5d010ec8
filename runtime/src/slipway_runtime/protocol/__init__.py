"""Pure codecs: bytes to InferenceRequest, InferenceResult to bytes, and the checks between them."""
