"""ONNX Runtime, OpenVINO and LiteRT on the stored model: `python -m benchmarks.engines`.

Each engine is measured in a process of its own; one that is not installed is left out. Run it from
an environment that has them (docs/performance.md says how).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.processes import ROOT
from covidxray_api.inference.loading import probe
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.manifest import COMPILED, WEIGHTS
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.settings import Settings

Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]

BATCHES, THREADS = (1, 8, 64), (1, 2)


def onnx_runtime(stored: StoredModel, threads: int, batch: int) -> Infer:  # noqa: ARG001
    """Load the compiled form as the service does."""
    return OnnxEngine(stored.folder / COMPILED, threads).infer


def openvino(stored: StoredModel, threads: int, batch: int) -> Infer:  # noqa: ARG001
    """Load the compiled form into OpenVINO."""
    import openvino

    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(stored.folder / COMPILED, "CPU", options)
    return lambda tensor: np.asarray(compiled(tensor)[0])


def litert(stored: StoredModel, threads: int, batch: int) -> Infer:
    """Convert the network to LiteRT's format in another process, and load it."""
    from ai_edge_litert.interpreter import Interpreter

    with tempfile.TemporaryDirectory() as folder:
        flat = Path(folder) / "model.tflite"
        program = (
            "import sys, keras, tensorflow as tf;"
            "network = keras.saving.load_model(sys.argv[1], compile=False, safe_mode=True);"
            "open(sys.argv[2], 'wb').write("
            "tf.lite.TFLiteConverter.from_keras_model(network).convert())"
        )
        weights = str(stored.folder / WEIGHTS)
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, weights, str(flat)], check=True, capture_output=True
        )
        interpreter = Interpreter(model_path=str(flat), num_threads=threads)
    height, width = stored.manifest.input_size
    argument = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(argument, [batch, height, width, 1])
    interpreter.allocate_tensors()

    def infer(tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.set_tensor(argument, tensor)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result))

    return infer


ENGINES: dict[str, Callable[[StoredModel, int, int], Infer]] = {
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino,
    "LiteRT": litert,
}


def one(engine: str, threads: int, batch: int, seconds: float = 2.0) -> dict[str, Any]:
    """Measure an engine: milliseconds a film, difference from Keras, memory it adds."""
    stored = ModelStore(Settings().model_store).get(Settings().default_model)
    parity = stored.manifest.parity
    assert parity is not None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    infer = ENGINES[engine](stored, threads, batch)
    tensor = np.repeat(probe(stored.manifest.preprocessing), batch, axis=0)
    said = infer(tensor)
    loaded = time.perf_counter() - begun
    rounds, cpu, begun = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - begun < seconds:
        infer(tensor)
        rounds += 1
    films = rounds * batch
    return {
        "ms_per_film": (time.perf_counter() - begun) / films * 1e3,
        "cpu_ms_per_film": (time.process_time() - cpu) / films * 1e3,
        "load_s": loaded,
        "added_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "difference_from_keras": float(np.abs(said[0] - np.array(stored.manifest.probe)).max()),
    }


def main(engine: str | None = None, threads: int = 1, batch: int = 1) -> None:
    """Measure one engine, or all of them, each in a process of its own."""
    if engine is not None:
        typer.echo(json.dumps(one(engine, threads, batch)))
        return
    found: dict[str, Any] = {}
    for name in ENGINES:
        for count in THREADS:
            for films in BATCHES:
                arguments = [f"--engine={name}", f"--threads={count}", f"--batch={films}"]
                done = subprocess.run(  # noqa: S603
                    [sys.executable, "-m", "benchmarks.engines", *arguments],
                    cwd=ROOT, capture_output=True, text=True,
                )  # fmt: skip
                if done.returncode == 0:
                    figures = json.loads(done.stdout.splitlines()[-1])
                    found.setdefault(name, {})[f"{count} × {films}"] = figures
                    typer.echo(f"{name}, {count} threads, batch {films}: {figures}")
    folder = ROOT / "docs" / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engines.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
