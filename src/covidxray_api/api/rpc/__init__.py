"""The Open Inference Protocol over gRPC: the same door as `/v2/`, for clients that speak it."""
