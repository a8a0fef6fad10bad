"""PyTorch's `nn.LSTM`, trained: forward, backward, Adam.

    python -m benchmarks.peers.torch_lstm ARRAYS [--seconds S] [--threads N]

ARRAYS is an `.npz` file with values `x` and targets `y`, int32 `(T, B)`, and jazzgen's weights by
name. Prints the first loss (nats per value), then, for each line that comes on stdin, the values a
second of `--seconds` of training. A process of its own: the thread pools of PyTorch and TensorFlow
disturb each other.
"""

import argparse
import sys
import time

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arrays")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    import torch
    from torch.nn import functional

    torch.set_num_threads(arguments.threads)
    with np.load(arguments.arrays) as file:
        arrays = {name: torch.from_numpy(file[name]) for name in file.files}
    n_values = arrays["densor.bias"].shape[0]
    x = functional.one_hot(arrays["x"].long(), n_values).float()
    y = arrays["y"].long().reshape(-1)
    layers = sum(name.endswith(".recurrent") for name in arrays)
    n = arrays["lstm_0.recurrent"].shape[0]
    lstm = torch.nn.LSTM(n_values, n, layers)
    densor = torch.nn.Linear(n, n_values)
    with torch.no_grad():  # the same gates in the same order; of its two biases one is zero
        for i in range(layers):
            getattr(lstm, f"weight_ih_l{i}").copy_(arrays[f"lstm_{i}.kernel"].T)
            getattr(lstm, f"weight_hh_l{i}").copy_(arrays[f"lstm_{i}.recurrent"].T)
            getattr(lstm, f"bias_ih_l{i}").copy_(arrays[f"lstm_{i}.bias"])
            getattr(lstm, f"bias_hh_l{i}").zero_()
        densor.weight.copy_(arrays["densor.kernel"].T)
        densor.bias.copy_(arrays["densor.bias"])
    optimizer = torch.optim.Adam([*lstm.parameters(), *densor.parameters()], lr=1e-3)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        hidden, _ = lstm(x)
        loss = functional.cross_entropy(densor(hidden).reshape(-1, n_values), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    print(step(), flush=True)
    step()
    for _ in sys.stdin:
        began, steps = time.perf_counter(), 0
        while time.perf_counter() - began < arguments.seconds:
            step()
            steps += 1
        print(steps * len(y) / (time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
