#!/usr/bin/env python3
"""The noisy recurrent network in PyTorch beside noisescope's.

    pip install torch
    NOISESCOPE_PEERS=python3 cargo bench --bench ctrnn

A line of standard input names what is wanted, `simulate` or `train`; its seconds come on standard output.
Arguments: inputs, units, outputs, rows and steps of a simulation, rows and steps of a training step,
threads, rate, noise level. ReLU, noise inside, zero before the first step. The simulation has no
gradients, draws its noise by torch.randn and computes u U + b of all steps in one product; it keeps the
outputs of every step. A training step is a pass forward and one backward, without an optimiser.
"""
import sys
import time

import torch

inputs, units, outputs, rows, steps, batch, length, threads = map(int, sys.argv[1:9])
rate, level = map(float, sys.argv[9:])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)

bias = torch.full((units,), 0.1, requires_grad=True)
projection = (torch.randn(inputs, units) / inputs**0.5).requires_grad_()
recurrent = (torch.randn(units, units) * 0.9 / units**0.5).requires_grad_()
readout = (torch.randn(units, outputs) / units**0.5).requires_grad_()
readout_bias = torch.zeros(outputs, requires_grad=True)
weights = [bias, projection, recurrent, readout, readout_bias]


def run(drive, count):
    """States of every step of `count` rows; `drive` is [steps, 1 or count, inputs]."""
    projected = drive @ projection + bias
    hidden = torch.zeros(count, units)
    for heard in projected:
        noise = torch.randn(count, units)
        active = torch.relu(torch.addmm(heard.expand(count, units), hidden, recurrent) + level * noise)
        hidden = torch.lerp(hidden, active, rate)
        yield hidden


def simulate():
    with torch.no_grad():
        for step, hidden in enumerate(run(shared, rows)):
            torch.addmm(readout_bias, hidden, readout, out=found[step])


def train():
    for weight in weights:
        weight.grad = None
    read = torch.stack(list(run(trials, batch))) @ readout + readout_bias
    loss = ((read - targets) ** 2).mean()
    loss.backward()
    loss.item()


shared = torch.rand(steps, 1, inputs)
found = torch.empty(steps, rows, outputs)
trials = torch.rand(length, batch, inputs)
targets = torch.rand(length, batch, outputs)
work = {"simulate": simulate, "train": train}
for line in sys.stdin:
    start = time.perf_counter()
    work[line.strip()]()
    print(time.perf_counter() - start, flush=True)
