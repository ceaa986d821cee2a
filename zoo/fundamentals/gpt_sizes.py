"""How large a GPT is: its parameters from layers, width, context and vocabulary.

A block has attention of four matrices w x w, a hidden layer of 4 w, biases and two norms; before
the blocks stand the embeddings of tokens and positions, behind them, from GPT-2 on, one norm more.
The logits use the embeddings of the tokens again.

    parameters = layers (12 w^2 + 13 w) + (vocabulary + context) w + 2 w

The first product is nearly all of it: 12 layers w^2. Sources: Radford et al., Improving language
understanding by generative pre-training (2018), Language models are unsupervised multitask learners
(2019); Brown et al., Language models are few-shot learners (arXiv:2005.14165), table 2.1.
"""

from dataclasses import dataclass

from zoo import checks


@dataclass(frozen=True)
class GPT:
    """One model as its paper gives it.

    Raises:
        ValueError: if a size is no whole number of 1 or more.
    """

    name: str
    layers: int
    width: int
    context: int
    vocabulary: int
    published: str  # its parameters, as they were named
    last_norm: bool = True

    def __post_init__(self):
        for size in ("layers", "width", "context", "vocabulary"):
            checks.whole_number(size, getattr(self, size), least=1)

    @property
    def parameters(self) -> int:
        """Biases and norms included."""
        blocks = self.layers * (12 * self.width**2 + 13 * self.width)
        embeddings = (self.vocabulary + self.context) * self.width
        return blocks + embeddings + 2 * self.width * self.last_norm

    def row(self) -> dict[str, str]:
        """A row of a table."""
        sizes = ("layers", "width", "context", "vocabulary", "parameters")
        numbers = {size: f"{getattr(self, size):,}" for size in sizes}
        return {"model": self.name} | numbers | {"published": self.published}


GPT2 = {"context": 1024, "vocabulary": 50257}
GPT3 = {"context": 2048, "vocabulary": 50257}
SIZES = (
    GPT("GPT", 12, 768, 512, 40478, "117M", last_norm=False),
    GPT("GPT-2 small", 12, 768, **GPT2, published="117M, later 124M"),
    GPT("GPT-2 medium", 24, 1024, **GPT2, published="345M, later 355M"),
    GPT("GPT-2 large", 36, 1280, **GPT2, published="762M, later 774M"),
    GPT("GPT-2 XL", 48, 1600, **GPT2, published="1542M, later 1558M"),
    GPT("GPT-3 small", 12, 768, **GPT3, published="125M"),
    GPT("GPT-3 medium", 24, 1024, **GPT3, published="350M"),
    GPT("GPT-3 large", 24, 1536, **GPT3, published="760M"),
    GPT("GPT-3 XL", 24, 2048, **GPT3, published="1.3B"),
    GPT("GPT-3 2.7B", 32, 2560, **GPT3, published="2.7B"),
    GPT("GPT-3 6.7B", 32, 4096, **GPT3, published="6.7B"),
    GPT("GPT-3 13B", 40, 5140, **GPT3, published="13.0B"),
    GPT("GPT-3", 96, 12288, **GPT3, published="175.0B"),
)
