#!/usr/bin/env python3
"""Training steps of PyTorch on a GPU, the model and the step of scripts/torch_peer.py: ms a step, a line of JSON.

    scripts/card/torch_gpu.py --d-model 64 --layers 2 --heads 4 --batch 256 --seq 16 --vocab 1024

Eager, compiled, and compiled with the whole step in a CUDA graph; in f32, TF32 and bf16 (autocast). Losses are read once in ten
steps, as `kolmo train` does.
"""

import argparse
import json
import pathlib
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from torch_peer import Model  # noqa: E402

WAYS = [("eager", "f32"), ("compile", "f32"), ("graph", "f32"), ("graph", "tf32"), ("graph", "bf16"), ("eager", "bf16")]
SECONDS = 1.0


def measure(arguments: argparse.Namespace, mode: str, precision: str) -> float:
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("highest" if precision == "f32" else "high")
    model = Model(arguments).cuda()
    parameters = list(model.parameters())
    in_graph = mode == "graph"
    optimizer = torch.optim.AdamW(
        parameters,
        lr=torch.tensor(1e-3) if in_graph else 1e-3,
        betas=(0.9, 0.95),
        weight_decay=0.1,
        fused=True,
        capturable=in_graph,
    )
    forward = model if mode == "eager" else torch.compile(model)
    x, y = torch.randint(0, arguments.vocab, (2, arguments.batch, arguments.seq), device="cuda").unbind(0)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = forward(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        optimizer.step()
        return loss

    # A graph is recorded after steps on a stream beside the usual one.
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            loss = step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    run = step
    if in_graph:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = step()
        run = graph.replay
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        for _ in range(10):
            run()
        loss.item()
        steps += 10
    return 1e3 * (time.perf_counter() - begun) / steps


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag, value in [("d-model", 64), ("layers", 2), ("heads", 4), ("batch", 256), ("seq", 16), ("vocab", 1024)]:
        parser.add_argument(f"--{flag}", type=int, default=value)
    parser.add_argument("--arch", default="gpt")
    arguments = parser.parse_args()
    report: dict[str, object] = {"name": f"torch-{arguments.d_model}", "tokens": arguments.batch * arguments.seq}
    for mode, precision in WAYS:
        try:
            report[f"{mode}-{precision}"] = round(measure(arguments, mode, precision), 4)
        except Exception as error:  # Each way may fail without the others.
            report[f"{mode}-{precision}"] = str(error)[:120]
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
