"""Parameters of every backend that runs a vLLM engine in its worker."""

from typing import Literal

from pydantic import Field

from annotators.base import Params, placement


class EngineParams(Params):
    """Which model, and what it may take of the machine."""

    model: str = Field(description="hub id, or a folder with the checkpoint")
    revision: str = Field("main", description="commit, tag or branch of the hub id; pin a commit for a build to repeat")
    dtype: Literal["bfloat16", "float16", "float32"] = Field("bfloat16", description="number format of weights and activations")
    max_model_len: int = Field(8192, ge=512, description="longest prompt with its media, and reply, in tokens")
    load_format: Literal["auto", "dummy"] = Field("auto", description="dummy: random weights, to try a machine without any")
    reasks: int = Field(2, ge=0, le=8, description="how often a reply that does not validate is asked for again")
    device: Literal["cuda", "cpu"] = placement("cuda", "where the engine runs; cpu needs vLLM's CPU build")
    num_gpus: int = placement(1, "GPUs that one engine is spread over (tensor parallel); ignored on cpu", ge=1, le=64)
    gpu_memory_frac: float = placement(0.9, "share of each GPU's memory for weights and cache", gt=0, le=1)
    eager: bool = placement(False, "no CUDA graphs: starts sooner, runs slower")
    clips_per_batch: int = placement(16, "clips whose questions are asked together", ge=1, le=1024)
