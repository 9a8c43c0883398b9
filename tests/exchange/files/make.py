"""How the files in this folder were made: by tf_keras 2.21 on TensorFlow 2.21, which write what Keras 2 wrote.

    pip install tensorflow-cpu tf_keras && python make.py

Small networks with random weights and random running statistics, and what tf_keras itself says of 16 images.
"""

import sys
from pathlib import Path

import numpy as np
import tf_keras
from tf_keras import layers

FOLDER = Path(__file__).parent


def sequential() -> tf_keras.Model:
    return tf_keras.Sequential(
        [
            layers.Conv2D(4, 5, padding="same", activation="tanh", input_shape=(28, 28, 1)),
            layers.AveragePooling2D(),
            layers.Conv2D(6, (3, 3), use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(12, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def functional() -> tf_keras.Model:
    image = x = tf_keras.Input((28, 28, 1))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(x)  # pads one side only
    x = layers.ReLU()(x)
    x = layers.ZeroPadding2D(((1, 0), (1, 0)))(x)
    x = layers.Conv2D(5, 3, activation="relu")(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return tf_keras.Model(image, layers.Dense(10, activation="softmax")(x))


def flat() -> tf_keras.Model:
    return tf_keras.Sequential(
        [
            layers.Dense(8, activation="sigmoid", input_shape=(784,)),
            layers.BatchNormalization(),
            layers.Dense(10),
            layers.Softmax(),
        ]
    )


def rescaled() -> tf_keras.Model:
    return tf_keras.Sequential(
        [
            layers.Rescaling(1 / 127.5, offset=-1, input_shape=(28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(4, 3, strides=3, activation="relu"),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dense(10),
        ]
    )


def save(name: str, model: tf_keras.Model, largest: float = 1.0) -> None:
    """Give a model random weights; write it in all forms, with its probabilities of random images up to `largest`."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        values = [rng.normal(0, 0.3, weight.shape).astype(np.float32) for weight in layer.get_weights()]
        if isinstance(layer, layers.BatchNormalization):
            values[-1] = rng.uniform(0.5, 2, values[-1].shape)
        layer.set_weights(values)
    shape = (16, *model.input_shape[1:])
    images = np.random.default_rng(1).integers(0, 256, (16, 28, 28), dtype=np.uint8)
    answers = model.predict(images.reshape(shape).astype(np.float32) * np.float32(largest / 255), verbose=0)
    np.save(FOLDER / f"{name}.npy", answers)
    (FOLDER / f"{name}.json").write_text(model.to_json())
    model.save_weights(FOLDER / f"{name}_weights.h5")
    if name in ("sequential", "functional"):
        model.compile("adam", "sparse_categorical_crossentropy")
        model.save(FOLDER / f"{name}_model.h5")
        model.save(FOLDER / f"{name}_model.keras")


if __name__ == "__main__":
    save("sequential", sequential())
    save("functional", functional())
    save("flat", flat())
    save("rescaled", rescaled(), largest=255.0)
    print(f"tf_keras {tf_keras.__version__}, numpy {np.__version__}, {sys.version.split()[0]}")
