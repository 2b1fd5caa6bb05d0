"""Writes the reference fixtures that the Rust model and optimizer are tested against.

The forward pass, the gradients and ten AdamW updates of two tiny decoder-only
transformers are computed here with PyTorch in float64, and stored as float32.
One file per architecture, `gpt.safetensors` and `llama.safetensors`:

    gpt    LayerNorm, exact GELU, 2 heads, separate output head
    llama  RMSNorm, SwiGLU, 4 heads, logits through the transposed embedding

Both are pre-norm, without biases in projections, without dropout, with rotary
positions and causal attention.

Needs:  pip install torch numpy safetensors
Usage:  python scripts/make_fixtures.py [--out DIR]

Tensors in each file (B batch, T time, V vocabulary, d width, f feed-forward
width; float32 unless said otherwise; every projection is applied as x @ W):

    weight.<name>    the parameter <name>, one of
        embedding.weight                      [V, d]
        blocks.{i}.attention_norm.gain        [d]      (gpt also .bias [d])
        blocks.{i}.attention.query_key_value  [d, 3d]  columns: query, key, value;
                                                       inside each, heads contiguous
        blocks.{i}.attention.output           [d, d]
        blocks.{i}.feed_forward_norm.gain     [d]      (gpt also .bias [d])
        blocks.{i}.feed_forward.gate          [d, f]   (llama only)
        blocks.{i}.feed_forward.up            [d, f]
        blocks.{i}.feed_forward.down          [f, d]
        norm.gain                             [d]      (gpt also .bias [d])
        head                                  [d, V]   (gpt only)
    tokens           [B, T] int32, the input
    targets          [B, T] int32, drawn independently of the tokens
    mask             [B, T], 1 where a position counts in the loss, else 0
    logits           [B, T, V]
    loss             [1] sum(mask * cross_entropy) / sum(mask), in nats
    gradient.<name>  gradient of that loss, laid out like weight.<name>
    gradient_norm    [1] L2 norm over all gradients together, before clipping
    adamw_losses     [10] the loss before each of ten updates on this one batch:
                     gradients clipped to a global norm of 1, then AdamW with
                     weight decay on every parameter, starting from weight.*

The metadata (strings) holds the shape of the model and the optimizer's settings.
The same PyTorch on the same machine writes the same bytes every time.
"""

import argparse
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save

WIDTH, LAYERS, VOCABULARY, BATCH, TIME = 32, 2, 53, 6, 11
HEADS = {"gpt": 2, "llama": 4}
SEEDS = {"gpt": 1, "llama": 2}
NORM_EPSILON, ROTARY_BASE = 1e-5, 10000.0
LEARNING_RATE, BETAS, EPSILON, WEIGHT_DECAY = 1e-2, (0.9, 0.95), 1e-8, 0.1
CLIP_NORM, STEPS = 1.0, 10


def make_parameters(arch):
    """Random parameters by name, rounded to float32 so that the file holds them exactly."""
    parameters = {}

    def add(name, shape, deviation, mean=0.0):
        value = mean + deviation * torch.randn(shape, dtype=torch.float64)
        parameters[name] = value.float().double().requires_grad_()

    def add_norm(name):
        add(f"{name}.gain", (WIDTH,), 0.1, mean=1.0)
        if arch == "gpt":
            add(f"{name}.bias", (WIDTH,), 0.1)

    hidden = 4 * WIDTH if arch == "gpt" else 8 * WIDTH // 3 // 8 * 8
    add("embedding.weight", (VOCABULARY, WIDTH), 0.5)
    for i in range(LAYERS):
        add_norm(f"blocks.{i}.attention_norm")
        add(f"blocks.{i}.attention.query_key_value", (WIDTH, 3 * WIDTH), 0.08)
        add(f"blocks.{i}.attention.output", (WIDTH, WIDTH), 0.08)
        add_norm(f"blocks.{i}.feed_forward_norm")
        if arch == "llama":
            add(f"blocks.{i}.feed_forward.gate", (WIDTH, hidden), 0.08)
        add(f"blocks.{i}.feed_forward.up", (WIDTH, hidden), 0.08)
        add(f"blocks.{i}.feed_forward.down", (hidden, WIDTH), 0.08)
    add_norm("norm")
    if arch == "gpt":
        # Wider than the other projections, so that clipping is clearly felt.
        add("head", (WIDTH, VOCABULARY), 0.25)
    return parameters


def make_batch():
    """Random tokens and targets, and a mask that drops the ends of rows 1, 2 and 4 (from 0)."""
    tokens = torch.randint(VOCABULARY, (BATCH, TIME))
    targets = torch.randint(VOCABULARY, (BATCH, TIME))
    mask = torch.ones(BATCH, TIME, dtype=torch.float64)
    for row, dropped in ((1, 3), (2, 1), (4, 3)):
        mask[row, -dropped:] = 0.0
    return tokens, targets, mask


def normalize(p, name, x):
    """LayerNorm where the norm has a bias, else RMSNorm."""
    if f"{name}.bias" in p:
        x = x - x.mean(-1, keepdim=True)
    x = x / torch.sqrt(x.square().mean(-1, keepdim=True) + NORM_EPSILON) * p[f"{name}.gain"]
    return x + p[f"{name}.bias"] if f"{name}.bias" in p else x


def rotate(x):
    """Rotary positions for x [B, heads, T, head_dim], pairing the two halves of each head."""
    half = x.shape[-1] // 2
    frequency = ROTARY_BASE ** (-torch.arange(half, dtype=x.dtype) / half)
    angle = torch.arange(x.shape[-2], dtype=x.dtype)[:, None] * frequency
    low, high = x[..., :half], x[..., half:]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([low * cos - high * sin, low * sin + high * cos], dim=-1)


def attention(p, name, x, heads):
    batch, time, width = x.shape
    projected = (x @ p[f"{name}.query_key_value"]).split(width, dim=-1)
    query, key, value = (t.view(batch, time, heads, -1).transpose(1, 2) for t in projected)
    scores = rotate(query) @ rotate(key).transpose(-1, -2) / math.sqrt(width // heads)
    future = torch.ones(time, time, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, -math.inf).softmax(-1)
    return (weights @ value).transpose(1, 2).reshape(x.shape) @ p[f"{name}.output"]


def feed_forward(p, name, x):
    up = x @ p[f"{name}.up"]
    hidden = F.silu(x @ p[f"{name}.gate"]) * up if f"{name}.gate" in p else F.gelu(up)
    return hidden @ p[f"{name}.down"]


def forward(p, tokens, heads):
    x = p["embedding.weight"][tokens]
    for i in range(LAYERS):
        normal = normalize(p, f"blocks.{i}.attention_norm", x)
        x = x + attention(p, f"blocks.{i}.attention", normal, heads)
        normal = normalize(p, f"blocks.{i}.feed_forward_norm", x)
        x = x + feed_forward(p, f"blocks.{i}.feed_forward", normal)
    return normalize(p, "norm", x) @ (p["head"] if "head" in p else p["embedding.weight"].T)


def masked_loss(logits, targets, mask):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return (mask * losses).sum() / mask.sum()


def make_fixture(arch):
    """The tensors of one file; prints the losses and gradient norms of the updates."""
    torch.manual_seed(SEEDS[arch])
    p = make_parameters(arch)
    tokens, targets, mask = make_batch()
    tensors = {f"weight.{name}": value.detach().clone() for name, value in p.items()}
    tensors |= {"tokens": tokens, "targets": targets, "mask": mask}

    optimizer = torch.optim.AdamW(
        p.values(), lr=LEARNING_RATE, betas=BETAS, eps=EPSILON, weight_decay=WEIGHT_DECAY
    )
    losses, norms = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = forward(p, tokens, HEADS[arch])
        loss = masked_loss(logits, targets, mask)
        loss.backward()
        if step == 0:
            tensors["logits"] = logits.detach()
            tensors |= {f"gradient.{name}": value.grad.clone() for name, value in p.items()}
        norms.append(torch.nn.utils.clip_grad_norm_(p.values(), CLIP_NORM).item())
        losses.append(loss.item())
        optimizer.step()

    print(f"{arch} losses:", " ".join(f"{loss:.4f}" for loss in losses))
    print(f"{arch} norms: ", " ".join(f"{norm:.4f}" for norm in norms))
    assert min(norms) < CLIP_NORM < max(norms), "clipping should act on some updates, not on all"
    scalars = {"loss": losses[:1], "gradient_norm": norms[:1], "adamw_losses": losses}
    for name, values in scalars.items():
        tensors[name] = torch.tensor(values, dtype=torch.float64)
    return {
        name: value.to(torch.float32 if value.is_floating_point() else torch.int32).contiguous()
        for name, value in tensors.items()
    }


def make_metadata(arch):
    values = {
        "arch": arch, "d_model": WIDTH, "layers": LAYERS, "heads": HEADS[arch],
        "vocabulary": VOCABULARY, "tied_embeddings": str(arch == "llama").lower(),
        "learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY, "beta_1": BETAS[0],
        "beta_2": BETAS[1], "epsilon": EPSILON, "clip_norm": CLIP_NORM,
    }
    return {name: str(value) for name, value in values.items()}


def sort_metadata(data):
    """The same file with its metadata in order: safetensors writes it in a random one."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[end:]


def main():
    fixtures = Path(__file__).resolve().parent.parent / "crates/kolmo-train/tests/fixtures"
    parser = argparse.ArgumentParser(description="Write the reference fixtures of the Rust tests.")
    parser.add_argument("--out", type=Path, default=fixtures, help="folder to write to")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for arch in HEADS:
        data = sort_metadata(save(make_fixture(arch), metadata=make_metadata(arch)))
        (out / f"{arch}.safetensors").write_bytes(data)
        print(f"{arch}.safetensors: {len(data)} bytes")


if __name__ == "__main__":
    main()
