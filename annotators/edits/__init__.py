"""Chains of thought about editing tasks: the role `edit_reasoner`, and its backends.

roles        what is asked; the answer is `Reasoned`, with claims that name the sound they are about
sounds       what sounds in input and target, told from the measurements of the clips
remarks      what is said of it, with claims          instruction    the imperative
template     the backend `template`                   asking         the backends `openai` and `vllm`
"""
