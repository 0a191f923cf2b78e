"""Chat models run by transformers inside the worker: checkpoints that vLLM does not take, or machines without it."""
