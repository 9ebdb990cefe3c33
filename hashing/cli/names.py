"""The names that a configuration takes, for `train.py --help`, which answers before torch is there.

A test compares them with the tables that they are looked up in.
"""

NAMES = {
    "losses": (
        *("bihalf", "cibhash", "csq", "dhd", "dpn", "dpsh", "dsh", "greedyhash", "hashnet"),
        *("orthohash", "softmax"),
        *("balance", "decorrelation", "quantisation"),
    ),
    "backbones": (
        *("alexnet", "densenet121", "resnet18", "resnet50", "resnet50_v1", "resnet101"),
        *("small_cnn", "small_cnn_2016", "vgg16", "vgg16_bn"),
    ),
    "data sets": ("cifar10", "cifar100", "folder", "generated", "lists"),
    "protocols": (
        *("5k", "5k-59k", "art-disjoint", "art-new", "art-seen", "dsh", "full", "holdout", "lists"),
    ),
    "augmentations": (
        *("colour", "flip", "jitter", "none", "recolour", "shift", "standard", "strong"),
    ),
}

ALSO = {
    "losses": "any of pytorch-metric-learning by its own name, such as ProxyAnchorLoss",
    "backbones": "timm:NAME, any of timm; A + B, several side by side",
    "protocols": "auto, what suits the data",
}


def names_text() -> str:
    """A line a kind."""
    lines = ["names, beside package.module:Name and those of installed packages:"]
    for kind, names in NAMES.items():
        also = f"; {ALSO[kind]}" if kind in ALSO else ""
        lines.append(f"  {kind}: {', '.join(names)}{also}")
    return "\n".join(lines)
