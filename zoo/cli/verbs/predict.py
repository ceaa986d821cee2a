"""`zoo predict MODEL IMAGE...`: the most probable classes of images, or the objects in them."""

from pathlib import Path

from rich.console import Console


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="what a trained model says of images of yours")
    parser.add_argument("model", help="a model with trained weights; `zoo list` names them")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="the path of a picture")
    parser.add_argument("--weights", help="a tag on the model's card, if there are several")
    parser.add_argument("--top", type=int, default=5, help="classes per image (default 5)")
    parser.add_argument("--score", type=float, default=0.3, help="least of a box (default 0.3)")
    parser.add_argument("--cam", action="store_true", help="draw GradCAM over the images")
    parser.add_argument("--out", default="prediction.png", help="picture (default prediction.png)")


def main(arguments) -> None:
    from zoo.prediction import predict  # a backend: only where a model is built
    from zoo.run.console import text_table

    settings = {name: getattr(arguments, name) for name in ("weights", "top", "score", "cam")}
    found = predict(arguments.model, [Path(path) for path in arguments.images], **settings)
    names = [Path(path).name for path in arguments.images]
    rows = [row | {"image": names[int(row["image"]) - 1]} for row in found.rows()]
    console = Console(highlight=False)
    if rows:
        console.print(text_table(rows))
    else:
        console.print(f"no object of score {arguments.score} or more")
    console.print(f"picture: {found.save(arguments.out).resolve()}", markup=False, soft_wrap=True)
