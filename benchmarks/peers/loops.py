"""Generating step by step in other frameworks, each in a process of its own.

    python -m benchmarks.peers.loops keras|torch-cell|torch-lstm ARRAYS [options]

ARRAYS is an `.npz` file with jazzgen's weights by name, of a network without context. Prints the
probabilities after a few given values as JSON, for comparison; then, for each line that comes on
stdin, the values a second of that many seconds of generating, drawing included.

- `keras`: the way of the course and of deepjazz, one `model.predict` a value, states passed in and
  out.
- `torch-cell`: an LSTM cell by hand, the one-hot product as a row of a table, under `no_grad`.
- `torch-lstm`: `nn.LSTM` called for one step of all streams, under `no_grad`.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

PROBE = (5, 60, 24, 50, 70, 3)
"""Values that are fed before probabilities are compared."""


def keras_predict(arrays: dict[str, np.ndarray], streams: int) -> tuple[Callable, Any]:
    import keras

    layers = sum(name.endswith(".recurrent") for name in arrays)
    n_values = len(arrays["densor.bias"])
    x = keras.Input((1, n_values))
    states, after, out = [], [], x
    for i in range(layers):
        n = len(arrays[f"lstm_{i}.recurrent"])
        a, c = keras.Input((n,)), keras.Input((n,))
        lstm = keras.layers.LSTM(n, return_state=True, return_sequences=True, name=f"lstm_{i}")
        out, a_next, c_next = lstm(out, initial_state=[a, c])
        states += [a, c]
        after += [a_next, c_next]
    probabilities = keras.layers.Dense(n_values, activation="softmax", name="densor")(out[:, 0])
    model = keras.Model([x, *states], [probabilities, *after])
    for i in range(layers):
        model.get_layer(f"lstm_{i}").set_weights(
            [arrays[f"lstm_{i}.{part}"] for part in ("kernel", "recurrent", "bias")]
        )
    model.get_layer("densor").set_weights([arrays["densor.kernel"], arrays["densor.bias"]])
    rows = np.eye(n_values, dtype=np.float32)

    def step(values: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        probabilities, *state = model.predict([rows[values][:, None], *state], verbose=0)
        return probabilities, state

    start = [np.zeros((streams, s.shape[1]), np.float32) for s in states]
    return step, start


def torch_cell(arrays: dict[str, np.ndarray], streams: int) -> tuple[Callable, Any]:
    import torch

    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    layers = sum(name.endswith(".recurrent") for name in arrays)
    table = tensors["lstm_0.kernel"] + tensors["lstm_0.bias"]
    upper = [
        torch.cat((tensors[f"lstm_{i}.kernel"], tensors[f"lstm_{i}.recurrent"]))
        for i in range(1, layers)
    ]
    sizes = [len(arrays[f"lstm_{i}.recurrent"]) for i in range(layers)]

    def cell(z: Any, c: Any) -> tuple[Any, Any]:
        i, f, g, o = z.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def step(values: Any, state: Any) -> tuple[Any, Any]:
        h, c = cell(table[values] + state[0] @ tensors["lstm_0.recurrent"], state[1])
        after = [h, c]
        for i, kernel in enumerate(upper, start=1):
            below = torch.cat((h, state[2 * i]), dim=1)
            z = torch.addmm(tensors[f"lstm_{i}.bias"], below, kernel)
            h, c = cell(z, state[2 * i + 1])
            after += [h, c]
        logits = torch.addmm(tensors["densor.bias"], h, tensors["densor.kernel"])
        return torch.softmax(logits, dim=1), after

    return step, [torch.zeros(streams, n) for n in sizes for _ in "ac"]


def torch_lstm(arrays: dict[str, np.ndarray], streams: int) -> tuple[Callable, Any]:
    import torch
    from torch.nn import functional

    layers = sum(name.endswith(".recurrent") for name in arrays)
    n, n_values = len(arrays["lstm_0.recurrent"]), len(arrays["densor.bias"])
    lstm, densor = torch.nn.LSTM(n_values, n, layers), torch.nn.Linear(n, n_values)
    for i in range(layers):
        for ours, theirs in (("kernel", "ih"), ("recurrent", "hh")):
            weight = getattr(lstm, f"weight_{theirs}_l{i}")
            weight.copy_(torch.from_numpy(arrays[f"lstm_{i}.{ours}"].T))
        getattr(lstm, f"bias_ih_l{i}").copy_(torch.from_numpy(arrays[f"lstm_{i}.bias"]))
        getattr(lstm, f"bias_hh_l{i}").zero_()
    densor.weight.copy_(torch.from_numpy(arrays["densor.kernel"].T))
    densor.bias.copy_(torch.from_numpy(arrays["densor.bias"]))

    def step(values: Any, state: Any) -> tuple[Any, Any]:
        one_hot = functional.one_hot(values, n_values).float()[None]
        out, state = lstm(one_hot, state)
        return torch.softmax(densor(out[0]), dim=1), state

    return step, (torch.zeros(layers, streams, n), torch.zeros(layers, streams, n))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=("keras", "torch-cell", "torch-lstm"))
    parser.add_argument("arrays")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with np.load(arguments.arrays) as file:
        arrays = {name: file[name] for name in file.files}
    streams = arguments.streams
    if arguments.peer == "keras":
        step, state = keras_predict(arrays, streams)
        rng = np.random.default_rng(0)

        def draw(probabilities: np.ndarray) -> np.ndarray:
            up_to = probabilities.cumsum(axis=1)
            return (up_to < rng.random((streams, 1)) * up_to[:, -1:]).sum(axis=1)

        def given(value: int) -> np.ndarray:
            return np.full(streams, value)
    else:
        import torch

        torch.set_num_threads(arguments.threads)
        torch.set_grad_enabled(False)
        make = torch_cell if arguments.peer == "torch-cell" else torch_lstm
        step, state = make(arrays, streams)

        def draw(probabilities: Any) -> Any:
            return torch.multinomial(probabilities, 1)[:, 0]

        def given(value: int) -> Any:
            return torch.full((streams,), value)

    for value in PROBE:
        probabilities, state = step(given(value), state)
    print(json.dumps(np.asarray(probabilities)[0].tolist()), flush=True)
    for line in sys.stdin:
        until, done = float(line), 0
        values = draw(probabilities)
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < until:
            probabilities, state = step(values, state)
            values = draw(probabilities)
            done += streams
        print(done / took, flush=True)


if __name__ == "__main__":
    main()
