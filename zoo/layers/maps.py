"""What the blocks expect of the tensor that they are built on."""


def channels_of(maps, name: str) -> int:
    """The number of channels of maps (batch, height, width, channels).

    Raises:
        ValueError: if the tensor has another number of axes, or the number of channels is unknown.
    """
    shape = tuple(maps.shape)
    if len(shape) != 4 or shape[-1] is None:
        raise ValueError(
            f"{name}: input {shape} must be maps (batch, height, width, channels) whose number of "
            f"channels is known"
        )
    return shape[-1]


def divisors(*numbers: int) -> str:
    """What divides all of the numbers, as a message lists it: "1, 2, 4"."""
    candidates = range(1, min(numbers) + 1)
    return ", ".join(str(n) for n in candidates if all(number % n == 0 for number in numbers))
