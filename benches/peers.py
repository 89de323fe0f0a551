#!/usr/bin/env python3
"""Other codes' DFA beside noisescope's.

crosci on traces from standard input: CPU seconds per trace, the median of five repeats. Arguments:
samples per trace, window sizes. Input: float32, little-endian. Windows side by side, one thread.

    pip install numpy crosci==0.1.12
    NOISESCOPE_PEERS=python3 cargo bench --bench dfa

A batched DFA of PyTorch on what `doctor --bench` measured, on the same device and in the same run: as
many traces of as many samples, the same window sizes and order. Seconds of all traces as JSON, median
and spread of seven repeats, and how many times as long as noisescope's that is.

    pip install numpy torch
    noisescope doctor --bench --json | python3 benches/peers.py --torch cuda

It is what one would write by hand: the profile by a cumulative sum, and for each window size one view of
all windows of all traces, the fit taken out by two products with an orthonormal basis, everything in
float32 on the device (no TF32). F(n) of the first traces are held to numpy in float64 before anything is
timed. Without input (a terminal), `--traces`, `--samples` and `--windows` say what is measured.
"""
import argparse
import json
import statistics
import sys
import time


def crosci(steps, windows):
    import numpy as np
    from crosci.run_DFA import run_DFA

    windows = np.array(windows.split(","), dtype=np.int64)
    traces = np.frombuffer(sys.stdin.buffer.read(), dtype="<f4").reshape(-1, int(steps)).astype(np.float64)
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


def basis(size, order):
    """Orthonormal polynomials over a window, size x (order + 1), float64."""
    import numpy as np

    at = np.linspace(-1.0, 1.0, size)
    return np.linalg.qr(np.vander(at, order + 1, increasing=True))[0]


def by_numpy(traces, windows, order):
    """F(n) in float64, traces x windows: the definition, window by window."""
    import numpy as np

    profile = np.cumsum(traces.astype(np.float64) - traces.mean(axis=1, keepdims=True, dtype=np.float64), axis=1)
    found = []
    for size in windows:
        at, squares = np.arange(size), []
        for begin in range(0, traces.shape[1] - size + 1, size):
            window = profile[:, begin:begin + size].T
            fit = np.polynomial.polynomial.polyfit(at, window, order)
            squares.append(((window - np.polynomial.polynomial.polyval(at, fit).T) ** 2).mean(axis=0))
        found.append(np.sqrt(np.mean(squares, axis=0)))
    return np.stack(found, axis=1)


def by_torch(traces, bases, line):
    """F(n), traces x windows, and exponents, on the device of `traces` (traces x samples)."""
    import torch

    profile = torch.cumsum(traces - traces.mean(dim=1, keepdim=True), dim=1)
    found = []
    for size, polynomials in bases:
        count = traces.shape[1] // size
        windows = profile[:, :count * size].reshape(len(traces), count, size)
        # The first value of each window goes first: a profile is large beside what is left of it.
        windows = windows - windows[:, :, :1]
        rest = windows - (windows @ polynomials) @ polynomials.T
        found.append(rest.square().mean(dim=(1, 2)).sqrt())
    fluctuations = torch.stack(found, dim=1)
    return fluctuations, fluctuations.log() @ line


def batched(options):
    import numpy as np
    import torch

    of = {} if sys.stdin.isatty() else json.loads(sys.stdin.read() or "{}")
    samples = options.samples or of.get("samples", 4096)
    count = options.traces or of.get("resident", {}).get("traces", 100_000)
    windows = options.windows or of.get("windows")
    if windows is None:
        windows = np.unique(np.round(np.geomspace(8, samples // 4, 20)).astype(int)).tolist()
    order = of.get("order", 1)

    device = torch.device(options.torch)
    torch.backends.cuda.matmul.allow_tf32 = False
    on = {"dtype": torch.float32, "device": device}
    bases = [(size, torch.tensor(basis(size, order), **on)) for size in windows]
    # Weights of the least-squares slope of ln F on ln n.
    logs = np.log(windows) - np.log(windows).mean()
    line = torch.tensor(logs / (logs**2).sum(), **on)
    torch.manual_seed(1)
    traces = torch.randn(count, samples, **on)

    few = traces[:4]
    expected = by_numpy(few.cpu().numpy(), windows, order)
    found = by_torch(few, bases, line)[0].cpu().numpy()
    error = float(np.abs(found / expected - 1.0).max())
    if not error < 1e-3:
        sys.exit(f"F(n) of torch differs from numpy's by {error:.1e}: not timed")

    def seconds(batch):
        """Of all traces, so many at a time; F(n) and exponents stay on the device."""
        if device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda.synchronize()
            begin.record()
        start = time.perf_counter()
        for part in traces.split(batch):
            by_torch(part, bases, line)
        if device.type == "cuda":
            end.record()
            torch.cuda.synchronize()
            return begin.elapsed_time(end) * 1e-3
        return time.perf_counter() - start

    # The fastest of a few batches counts, each warmed up.
    batches = [options.batch] if options.batch else sorted({min(count, batch) for batch in (1000, 10_000, count)})
    best = None
    with torch.inference_mode():
        for batch in batches:
            try:
                seconds(batch)
                times = [seconds(batch) for _ in range(7)]
            except torch.cuda.OutOfMemoryError:
                continue
            if best is None or statistics.median(times) < statistics.median(best[1]):
                best = batch, times
    if best is None:
        sys.exit("the device has no memory for any batch: give a smaller --batch")
    batch, times = best
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    result = {
        "code": f"torch {torch.__version__}",
        "device": name,
        "threads": torch.get_num_threads() if device.type == "cpu" else None,
        "traces": count,
        "samples": samples,
        "order": order,
        "windows": windows,
        "batch": batch,
        "clock": "device" if device.type == "cuda" else "host",
        "seconds": {"median": statistics.median(times), "least": min(times), "most": max(times), "runs": len(times)},
        "largest_relative_error": error,
    }
    if of:
        ours = of["resident"]
        result["noisescope"] = {"device": of["device"], "traces": ours["traces"], "seconds": ours["seconds"]}
        per_trace = result["seconds"]["median"] / count
        result["times_noisescope"] = per_trace * ours["traces"] / ours["seconds"]["median"]
    print(json.dumps(result, indent=2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crosci", nargs="*", help="samples per trace, window sizes")
    parser.add_argument("--torch", metavar="DEVICE", help="cuda or cpu: measure PyTorch's batched DFA there")
    parser.add_argument("--traces", type=int)
    parser.add_argument("--samples", type=int)
    parser.add_argument("--windows", type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--batch", type=int, help="traces at a time; else the fastest of a few is taken")
    options = parser.parse_args()
    if options.torch:
        try:
            batched(options)
        except ModuleNotFoundError as missing:
            sys.exit(f"skipped: {missing.name} is not installed (pip install numpy torch)")
    elif len(options.crosci) == 2:
        crosci(*options.crosci)
    else:
        parser.error("give --torch DEVICE, or samples per trace and window sizes for crosci")


main()
