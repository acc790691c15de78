"""Writes the checkpoints of this folder and index.json, what is in them. Run with torch 1.13 and numpy 1."""

import argparse
import json
import pathlib
import zipfile
from collections import Counter, OrderedDict, defaultdict

import numpy
import torch

folder = pathlib.Path(__file__).parent
cases = []
torch.manual_seed(0)

safetensors_names = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL", torch.complex64: "C64",
}  # fmt: skip


def content(tensor):
    tensor = tensor.detach().contiguous()
    raw = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
    return {
        "dtype": safetensors_names[tensor.dtype],
        "shape": list(tensor.shape),
        "hex": raw.numpy().tobytes().hex(),
    }


def accept(name, value, tensors, options=None, foundAt=(), ignored=(), **save):
    torch.save(value, folder / name, **save)
    describe(name, tensors, options, foundAt, ignored)


def describe(name, tensors, options=None, foundAt=(), ignored=()):
    cases.append({
        "file": name,
        "options": options or {},
        "foundAt": list(foundAt),
        "ignored": list(ignored),
        "tensors": {key: content(tensor) for key, tensor in tensors.items()},
    })


def refuse(name, code, message):
    cases.append({"file": name, "code": code, "message": message})


dtypes = OrderedDict(
    (str(dtype).removeprefix("torch."), torch.tensor([0, 1, 2, 3, 5, 7]).to(dtype))
    for dtype in safetensors_names
)
dtypes["float16"][1] = float("nan")
dtypes["bfloat16"][2] = float("-inf")
dtypes["int64"][5] = -(2**62) + 1
dtypes["complex64"][1] = 1.5 - 2j
accept("dtypes.pt", dtypes, dtypes)

base = torch.randn(6, 8)
layouts = {
    "whole": base,
    "rows": base[2:4],
    "transposed": base.t(),
    "steps": base[1::2, 3::4],
    "expanded": base[0, :1].expand(2, 3),
    "empty": torch.empty(0, 5),
    "empty_view": base[:, 3:3].t(),
    "number": torch.tensor(2.5),
    "element": base[4, 4],
    "channels_last": torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last),
    "axes_of_one": torch.randn(1, 4, 1, 2).permute(2, 1, 0, 3),
    "permuted": torch.arange(24, dtype=torch.int64).reshape(2, 3, 4).permute(2, 0, 1),
    "halves": torch.randn(4, 3).half().t(),
    "bytes": torch.arange(6, dtype=torch.uint8).reshape(2, 3).t(),
    "complex": torch.randn(2, 3, dtype=torch.complex64).t(),
    "tied": base,
}
accept("layouts.pt", layouts, layouts)

model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
optimizer = torch.optim.AdamW(model.parameters())
model(torch.randn(4, 3)).pow(2).sum().backward()
optimizer.step()
wrapped = OrderedDict(("module." + key, value) for key, value in model.state_dict().items())
training = {
    "epoch": 12,
    "best_acc1": torch.tensor(71.5),
    "arch": "tiny",
    "model": wrapped,
    "optimizer": optimizer.state_dict(),
    "losses": [0.5, 0.25, None, True, -3, 2**40, -(2**70), (1, (2,), ())],
    "counts": Counter("abca"),
    "lists": defaultdict(list, {"a": [1]}),
    "names": {"a", "b"},
    "raw": b"\x00\xff",
    "size": model[0].weight.shape,
    "dtype": torch.float32,
    "device": torch.device("cpu"),
}
accept(
    "training.pt", training, model.state_dict(), options={"stripPrefix": "module."}, foundAt=["model"]
)
with zipfile.ZipFile(folder / "training.pt") as plain:
    with zipfile.ZipFile(folder / "training_deflated.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name.replace("training/", "another name/", 1), plain.read(name))
describe(
    "training_deflated.pt", model.state_dict(), options={"stripPrefix": "module."}, foundAt=["model"]
)

parameters = {"weight": torch.nn.Parameter(torch.randn(2, 3)), "step": 3}
accept("protocol4.pt", parameters, {"weight": parameters["weight"]}, ignored=["step"], pickle_protocol=4)
accept("protocol5.pt", training, wrapped, foundAt=["model"], pickle_protocol=5)

namespace = {
    "state_dict": {"w": torch.ones(2)},
    "args": argparse.Namespace(lr=0.1, sizes=[1, 2]),
    "best": numpy.float64(0.5),
}
opaque = ["argparse.Namespace", "numpy.core.multiarray.scalar", "numpy.dtype"]
accept(
    "namespace.pt", namespace, namespace["state_dict"], options={"opaque": opaque}, foundAt=["state_dict"]
)

torch.save(model.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
refuse("legacy.pt", "unsupported", "not in a zip file")
torch.jit.script(torch.nn.ReLU()).save(folder / "script.pt")
refuse("script.pt", "unsupported", "TorchScript")
torch.save(torch.nn.ReLU(), folder / "module.pt")
refuse("module.pt", "unsupported", "torch.nn.modules.activation.ReLU")
torch.save({"w": torch.eye(2).to_sparse()}, folder / "sparse.pt")
refuse("sparse.pt", "unsupported", "torch._utils._rebuild_sparse_tensor")
torch.save({"w": torch.randn(2, dtype=torch.complex128)}, folder / "complex128.pt")
refuse("complex128.pt", "unsupported", "complex128")

(folder / "index.json").write_text(json.dumps(cases, indent=2) + "\n")
