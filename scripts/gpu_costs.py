#!/usr/bin/env python3
"""What a training step asks of a GPU: kernels, buffers, copies and waits, counted by a Vulkan layer.

    source scripts/swiftshader.sh              where there is no GPU
    scripts/gpu_costs.py target/release/kolmo [--device software] [FLAGS OF kolmo bench train ...]
    scripts/gpu_costs.py --cubes target/release/kolmo [...]

A step is what lies between two reads of the loss, after the steps in which kernels are tuned. Needs gcc and
Debian's libvulkan-dev; `launches` depend on the kernels that autotune chose, the other columns hardly.

With --cubes: of a step of 4096 positions, every launch that binds over a megabyte has at least 8 workgroups, or it is named and the
script fails. Some 5 minutes of a processor on SwiftShader.
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
# One layer has every operation: a launch of a second is like one of the first.
CUBES = (64, 1, 256, 16, 256)
MUCH = 1_000_000
FEW = 8
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


def bench(kolmo: str, folder: pathlib.Path, shape: tuple[int, ...], flags: list[str]) -> None:
    """A few steps, counted into `folder`."""
    variables = {
        "VK_LAYER_PATH": str(folder),
        "VK_INSTANCE_LAYERS": "VK_LAYER_KOLMO_counts",
        "VULKAN_COUNTS": str(folder / "counts"),
        "VULKAN_LAUNCHES": str(folder / "launches"),
    }
    (folder / "cubecl.toml").write_text(CUBECL)
    names = ["--d-model", "--layers", "--batch", "--seq", "--vocab"]
    sizes = [word for name, size in zip(names, shape) for word in (name, str(size))]
    command = [os.path.abspath(kolmo), "bench", "train", "--steps", "2", *sizes, *flags]
    done = subprocess.run(command, cwd=folder, env=os.environ | variables, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


def counts(folder: pathlib.Path) -> list[int]:
    """Counts of the last but one step."""
    totals = [[int(word) for word in line.split()] for line in (folder / "counts").read_text().splitlines()]
    return [after - before for before, after in zip(totals[-3], totals[-2])]


def cubes(folder: pathlib.Path) -> None:
    """Fails if a launch of the last step that binds much has few workgroups."""
    step = (folder / "launches").read_text().split("read\n")[-2]
    launches = [(int(groups), int(size), name) for groups, size, name in (line.split() for line in step.splitlines())]
    large = [launch for launch in launches if launch[1] > MUCH]
    print(f"{len(launches)} launches, {len(large)} of over a megabyte, of at least {min(large)[0]} workgroups")
    # `slice_assign` binds all of its result and copies its small input into a part of it.
    few = [launch for launch in large if launch[0] < FEW and not launch[2].startswith("slice_assign")]
    for groups, size, name in few:
        print(f"{groups} workgroups for {size} bytes: {name}")
    if few:
        sys.exit(1)


def main() -> None:
    is_cubes = "--cubes" in sys.argv[1:]
    kolmo, *flags = [word for word in sys.argv[1:] if word != "--cubes"]
    if "--device" not in flags:
        flags += ["--device", "software"]
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        layer(folder)
        if is_cubes:
            bench(kolmo, folder, CUBES, flags)
            cubes(folder)
            return
        print("| shape | " + " | ".join(COLUMNS) + " |")
        print("| --- |" + " --- |" * len(COLUMNS), flush=True)
        for shape in SHAPES:
            bench(kolmo, folder, shape, flags)
            d, layers, batch, seq, vocabulary = shape
            name = f"{d}/{layers}/{batch}×{seq}/{vocabulary}"
            print(f"| {name} | " + " | ".join(map(str, counts(folder))) + " |", flush=True)


if __name__ == "__main__":
    main()
