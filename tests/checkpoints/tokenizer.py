"""A byte-level tokenizer trained on a few sentences, with the special tokens and the chat template a model needs."""

from collections.abc import Mapping, Sequence
from typing import Any

SENTENCES = (
    "a dog barks twice then a door slams in the distance",
    "the sound of rain on glass",
    '{"heard": "yes", "answer": "no"}',
)
CHAT = "".join(
    (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n",
        "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}",
        "{% if c.type in ('audio', 'input_audio', 'audio_url') %}AUDIO\n",
        "{% elif c.type in ('video', 'video_url') %}VIDEO\n",
        "{% elif c.type in ('image', 'image_url') %}IMAGE\n",
        "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}",
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    )
)


def chat_template(audio: str = "", video: str = "", image: str = "") -> str:
    """ChatML with these placeholders where a message has media."""
    return CHAT.replace("AUDIO", audio).replace("VIDEO", video).replace("IMAGE", image)


def make_tokenizer(specials: Sequence[str] | Mapping[str, str] = (), template: str | None = None) -> Any:
    """A fast tokenizer of about 600 tokens that ends a turn with <|im_end|>. Named special tokens become its attributes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    named = dict(specials) if isinstance(specials, Mapping) else {}
    every = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(named.values() or specials)]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        list(SENTENCES) * 10, trainers.BpeTrainer(vocab_size=600, special_tokens=every, initial_alphabet=alphabet)
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=every,
        model_specific_special_tokens=named,
    )
    fast.chat_template = template or chat_template()
    return fast
