"""PyTorch's side of `cargo bench --bench pictures`: one training step per line read."""

import sys
import time

import torch
from torch import nn

convolutions, channels, height, width, batch, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.manual_seed(1)
if convolutions:
    network = nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * (height // 2) * (width // 2), 128), nn.ReLU(), nn.Linear(128, 10),
    )
else:
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(channels * height * width, 512), nn.ReLU(),
        nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10),
    )
adam = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7)
pictures = torch.rand(batch, channels, height, width)
labels = torch.randint(0, 10, (batch,))
for _ in sys.stdin:
    began = time.perf_counter()
    adam.zero_grad()
    nn.functional.cross_entropy(network(pictures), labels).backward()
    adam.step()
    print(time.perf_counter() - began, flush=True)
