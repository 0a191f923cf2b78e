"""Chat models run by vLLM inside the worker: no server to start, the same questions, replies and schemas."""
