"""Where in the image the tokens of a layer lie."""

from zoo import checks


def token_grid(
    layer: str, tokens: int, sides, card=None, grid=None, prefix_tokens=None
) -> tuple[tuple[int, int], int]:
    """((rows, columns), prefix tokens) of the tokens that a layer gives for an image.

    Args:
        layer: its name, for messages.
        tokens: how many it gives.
        sides: height and width of the image.
        card: of the model that the layer is in; it names patch and prefix tokens if the next two
            are None.
        grid: (rows, columns) of the patches.
        prefix_tokens: tokens before those of the grid, such as a class token.

    Raises:
        ValueError: if neither the card nor the call tells the grid, or it does not fit.
    """
    patch = getattr(card, "patch", None)
    if grid is None and patch:
        grid = (sides[0] // patch, sides[1] // patch)
    if prefix_tokens is None:
        prefix_tokens = getattr(card, "prefix_tokens", 0) if patch else 0
    checks.whole_number("prefix_tokens", prefix_tokens, least=0)
    if grid is None:
        raise ValueError(
            f"the layer {layer} gives {tokens} tokens; say where in the image they lie: "
            f"grid=(rows, columns), which is (height / patch, width / patch), and prefix_tokens=1 "
            f"where a class token comes first"
        )
    rows, columns = checks.grid("grid", grid)
    if prefix_tokens + rows * columns != tokens:
        raise ValueError(
            f"the layer {layer} gives {tokens} tokens, which are not {prefix_tokens} before "
            f"a grid of {rows}x{columns}: grid= is (height / patch, width / patch) of the image, "
            f"and prefix_tokens= what comes before, such as a class token"
        )
    return (rows, columns), prefix_tokens
