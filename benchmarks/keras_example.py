"""The network of Keras's example `mnist_convnet`, written from its description, for the sides that run Keras."""

from __future__ import annotations

from typing import Any


def mnist_convnet(loss: str) -> Any:
    """Return the network, compiled as it is there but for its loss, which follows the form of the labels."""
    import keras
    from keras import layers

    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile(loss=loss, optimizer="adam", metrics=["accuracy"])
    return network
