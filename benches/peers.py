#!/usr/bin/env python3
"""crosci's DFA on traces from standard input: CPU seconds per trace, the fastest of five repeats' median.

    pip install numpy crosci==0.1.12
    NOISESCOPE_PEERS=python3 cargo bench --bench dfa

Arguments: samples per trace, window sizes. Input: float32, little-endian. Windows side by side, one thread.
"""
import statistics
import sys
import time

import numpy as np
from crosci.run_DFA import run_DFA

steps = int(sys.argv[1])
windows = np.array(sys.argv[2].split(","), dtype=np.int64)
traces = np.frombuffer(sys.stdin.buffer.read(), dtype="<f4").reshape(-1, steps).astype(np.float64)
traces -= traces.mean(axis=1, keepdims=True)

run_DFA(traces[0], 1.0, False, windows)
repeats = []
for _ in range(5):
    start, wall, done = time.process_time(), time.perf_counter(), 0
    while done < len(traces) and (done == 0 or time.perf_counter() - wall < 1.0):
        run_DFA(traces[done], 1.0, False, windows)
        done += 1
    repeats.append((time.process_time() - start) / done)
print(statistics.median(repeats))
