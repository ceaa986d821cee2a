"""One file per architecture; importing this registers them all."""

from zoo.models import custom_resnet, ultimus

__all__ = ["custom_resnet", "ultimus"]
