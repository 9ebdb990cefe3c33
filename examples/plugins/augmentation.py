"""An augmentation of your own: `--train.augment augmentation:GENTLE`."""

from hashing.data.transforms import Augmentation

GENTLE = Augmentation(area=0.9, flip=0.5, brightness=0.1)
