#!/usr/bin/env python3
"""PyTorch's training step beside noisescope's.

    pip install torch
    NOISESCOPE_PEERS=python3 cargo bench --bench training

One step per line of standard input, its seconds on standard output. Arguments: vocabulary, embedding,
hidden, steps, batch, real tokens per review, threads. Embedding, nn.LSTM, one logit from the state after
the last step, binary cross-entropy, Adam. Denormals are flushed to zero, else the first epochs take ten
times as long.
"""
import sys
import time

import torch

vocabulary, embedding, hidden, steps, batch, tokens, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)


class Sentiment(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, embedding)
        self.lstm = torch.nn.LSTM(embedding, hidden, batch_first=True)
        self.dense = torch.nn.Linear(hidden, 1)

    def forward(self, ids):
        return self.dense(self.lstm(self.embedding(ids))[0][:, -1])[:, 0]


network = Sentiment()
adam = torch.optim.Adam(network.parameters(), lr=5e-3)
ids = torch.randint(1, vocabulary, (batch, steps))
ids[:, tokens:] = 0
labels = torch.randint(0, 2, (batch,)).float()
for _ in sys.stdin:
    start = time.perf_counter()
    adam.zero_grad()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(network(ids), labels)
    loss.backward()
    adam.step()
    loss.item()
    print(time.perf_counter() - start, flush=True)
