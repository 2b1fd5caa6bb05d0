#!/usr/bin/env python3
"""One training step after another in PyTorch, on the CPU: what `kolmo bench train` is compared with.

usage: torch_peer.py [--arch gpt] [--d-model 128] [--layers 4] [--heads 4] [--batch 128] [--seq 32]
                     [--vocab 2048] [--steps 30] [--threads 2] [--compile]

The model, the batch and the step are those of kolmo: rotary positions, no biases in the linear layers, an output
layer of its own, random tokens of which every one is predicted; forward, backward, clipping of the global
norm, AdamW. PyTorch is used as its documentation recommends: fused attention, fused AdamW, and with --compile the
whole model through torch.compile. Prints one line of JSON with the fields of `kolmo bench train --json`.

Needs: pip install torch numpy. --compile needs a C++ compiler.
"""

import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import nn

WARM_UP = 5
ROTARY_BASE = 10_000.0


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x, cos, sin):
        rows, length, width = x.shape
        projected = self.query_key_value(x).view(rows, length, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(mixed.transpose(1, 2).reshape(rows, length, width))


def rotate(x, cos, sin):
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cos - high * sin, low * sin + high * cos), dim=-1)


class FeedForward(nn.Module):
    """GELU at four times the width for gpt; SwiGLU at 8/3 of it, a multiple of 8, for llama."""

    def __init__(self, width, gated):
        super().__init__()
        inner = max(8 * width // 3 // 8 * 8, 8) if gated else 4 * width
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        self.gate = nn.Linear(width, inner, bias=False) if gated else None

    def forward(self, x):
        if self.gate is None:
            return self.down(F.gelu(self.up(x)))
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, width, heads, norm, gated):
        super().__init__()
        self.attention_norm, self.attention = norm(width), Attention(width, heads)
        self.feed_forward_norm, self.feed_forward = norm(width), FeedForward(width, gated)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.attention_norm(x), cos, sin)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Model(nn.Module):
    """The mean loss of a batch, so that the output layer and the loss can be compiled as one."""

    def __init__(self, arguments):
        super().__init__()
        width, gated = arguments.d_model, arguments.arch == "llama"
        norm = nn.RMSNorm if gated else nn.LayerNorm
        self.embedding = nn.Embedding(arguments.vocab, width)
        self.blocks = nn.ModuleList(
            Block(width, arguments.heads, norm, gated) for _ in range(arguments.layers)
        )
        self.norm = norm(width)
        self.head = nn.Linear(width, arguments.vocab, bias=False)
        half = width // arguments.heads // 2
        frequencies = ROTARY_BASE ** (-torch.arange(half) / half)
        angles = torch.outer(torch.arange(arguments.seq), frequencies)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, inputs, targets):
        x = self.embedding(inputs)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arch", choices=("gpt", "llama"), default="gpt")
    parser.add_argument("--d-model", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--batch", type=int, default=128, help="rows")
    parser.add_argument("--seq", type=int, default=32, help="tokens of a row")
    parser.add_argument("--vocab", type=int, default=2048)
    parser.add_argument("--steps", type=int, default=30, help="measured, after 5 that are not")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = Model(arguments)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    loss_of = torch.compile(model) if arguments.compile else model
    times = []
    for step in range(WARM_UP + arguments.steps):
        shape = (2, arguments.batch, arguments.seq)
        inputs, targets = torch.randint(0, arguments.vocab, shape).unbind(0)
        started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(inputs, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        # Both sides read the loss of every step.
        loss.item()
        if step >= WARM_UP:
            times.append(1e3 * (time.perf_counter() - started))
    times.sort()
    median = times[len(times) // 2]
    report = {
        "peer": f"torch {torch.__version__}",
        "arch": arguments.arch,
        "compiled": arguments.compile,
        "threads": arguments.threads,
        "parameters": sum(value.numel() for value in parameters),
        "ms_median": median,
        "ms_best": times[0],
        "tokens_per_s": 1e3 * arguments.batch * arguments.seq / median,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
