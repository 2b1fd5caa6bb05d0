#!/usr/bin/env python3
"""What a training step asks of a GPU: kernels, buffers, copies and waits, counted by a Vulkan layer.

    source scripts/swiftshader.sh              where there is no GPU
    scripts/gpu_costs.py target/release/kolmo [--device software] [FLAGS OF kolmo bench train ...]

A step is what lies between two reads of the loss, after the steps in which kernels are tuned. Needs gcc and
Debian's libvulkan-dev; `launches` depend on the kernels that autotune chose, the other columns hardly.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

COLUMNS = ["launches", "buffers", "pages", "uploads", "bytes up", "reads", "bytes down", "submits", "waits"]
# d_model, layers, batch, seq, vocabulary. Counts depend on the layers and hardly on the sizes, so that the batch
# is small: a multiple of 64 positions, as any real batch is.
SHAPES = [(64, 2, 8, 16, 1024), (128, 4, 4, 32, 2048), (256, 6, 1, 128, 4096)]
# CubeCL would look for the fastest of many kernels for most of an hour.
CUBECL = """
[autotune]
level = "minimal"
disable_short_circuit = true
[autotune.bench]
min_samples = 1
max_samples = 1
"""


def layer(folder: pathlib.Path) -> None:
    """Builds the layer into `folder`."""
    source = pathlib.Path(__file__).parent / "vulkan_counts.c"
    library = folder / "libvulkan_counts.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-o", library, source], check=True)
    about = {
        "name": "VK_LAYER_KOLMO_counts",
        "type": "GLOBAL",
        "library_path": str(library),
        "api_version": "1.3.0",
        "implementation_version": "1",
        "description": "counts",
    }
    (folder / "counts.json").write_text(json.dumps({"file_format_version": "1.1.0", "layer": about}))


def count(kolmo: str, folder: pathlib.Path, flags: list[str]) -> list[int]:
    """Counts of the last but one step."""
    counts = folder / "counts"
    variables = {
        "VK_LAYER_PATH": str(folder),
        "VK_INSTANCE_LAYERS": "VK_LAYER_KOLMO_counts",
        "VULKAN_COUNTS": str(counts),
    }
    (folder / "cubecl.toml").write_text(CUBECL)
    command = [os.path.abspath(kolmo), "bench", "train", "--steps", "2", *flags]
    done = subprocess.run(command, cwd=folder, env=os.environ | variables, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    totals = [[int(word) for word in line.split()] for line in counts.read_text().splitlines()]
    return [after - before for before, after in zip(totals[-3], totals[-2])]


def main() -> None:
    kolmo, *flags = sys.argv[1:]
    if "--device" not in flags:
        flags += ["--device", "software"]
    print("| shape | " + " | ".join(COLUMNS) + " |")
    print("| --- |" + " --- |" * len(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        layer(pathlib.Path(folder))
        for d, layers, batch, seq, vocabulary in SHAPES:
            sizes = ["--d-model", d, "--layers", layers, "--batch", batch, "--seq", seq, "--vocab", vocabulary]
            counts = count(kolmo, pathlib.Path(folder), [*map(str, sizes), *flags])
            shape = f"{d}/{layers}/{batch}×{seq}/{vocabulary}"
            print(f"| {shape} | " + " | ".join(map(str, counts)) + " |", flush=True)


if __name__ == "__main__":
    main()
