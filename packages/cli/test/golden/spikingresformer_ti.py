# Makes the recorded logits of convert-ti.test.ts, and the checkpoint it can read:
#   python3 spikingresformer_ti.py <folder>    (PyTorch 1.13 or later, NumPy)
#
# SpikingResformer-Ti with the module names of the published checkpoints, written anew in PyTorch. The weights are small
# multiples of powers of two, made from their positions, and the image has whole eighths: every sum before the last
# pooling is exact in float32, so no order of adding can move a spike.
import gzip
import json
import struct
import sys

import numpy as np
import torch
from torch import nn

TIMESTEPS = 4


class BN(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):  # [T, N, C, H, W]
        return self.bn(x.flatten(0, 1)).view(x.shape)


class Conv(nn.Conv2d):
    def forward(self, x):
        y = super().forward(x.flatten(0, 1))
        return y.view(x.shape[:2] + y.shape[1:])


class LIF(nn.Module):
    def forward(self, x):
        v = torch.zeros_like(x[0])
        spikes = []
        for t in range(x.shape[0]):
            h = v + (x[t] - v) / 2.0
            spike = (h >= 1.0).to(x.dtype)
            v = (1 - spike) * h
            spikes.append(spike)
        return torch.stack(spikes)


class DSSA(nn.Module):
    def __init__(self, dim, heads, keys, patch):
        super().__init__()
        self.heads, self.keys = heads, keys
        self.register_buffer("firing_rate_x", torch.zeros(1, 1, heads, 1, 1))
        self.register_buffer("firing_rate_attn", torch.zeros(1, 1, heads, 1, 1))
        self.activation_in = LIF()
        self.W = Conv(dim, 2 * dim, patch, patch, bias=False)
        self.norm = BN(2 * dim)
        self.activation_attn = LIF()
        self.activation_out = LIF()
        self.Wproj = Conv(dim, dim, 1, bias=False)
        self.norm_proj = BN(dim)

    def forward(self, x):
        T, N, C, H, W = x.shape
        width = C // self.heads
        s = self.activation_in(x)
        y = self.norm(self.W(s)).reshape(T, N, self.heads, 2 * width, -1)
        queries = s.reshape(T, N, self.heads, width, -1)
        y1, y2 = y[:, :, :, :width], y[:, :, :, width:]
        c1 = 1.0 / torch.sqrt(self.firing_rate_x * width)
        c2 = 1.0 / torch.sqrt(self.firing_rate_attn * self.keys)
        attn = self.activation_attn((y1.transpose(-1, -2) @ queries) * c1)
        out = self.activation_out(((y2 @ attn) * c2).reshape(T, N, C, H, W))
        return self.norm_proj(self.Wproj(out)) + x


class GWFFN(nn.Module):
    def __init__(self, dim, group=64):
        super().__init__()
        inner = 4 * dim
        self.up = nn.Sequential(LIF(), Conv(dim, inner, 1, bias=False), BN(inner))
        grouped = Conv(inner, inner, 3, 1, 1, groups=inner // group, bias=False)
        self.conv = nn.ModuleList([nn.Sequential(LIF(), grouped, BN(inner))])
        self.down = nn.Sequential(LIF(), Conv(inner, dim, 1, bias=False), BN(dim))

    def forward(self, x):
        u = self.up(x)
        return self.down(self.conv[0](u) + u) + x


class Downsample(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.activation = LIF()
        self.conv = Conv(before, after, 3, 2, 1, bias=False)
        self.norm = BN(after)

    def forward(self, x):
        return self.norm(self.conv(self.activation(x)))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        planes = (64, 192, 384)
        self.prologue = nn.Sequential(Conv(3, 64, 7, 2, 3, bias=False), BN(64))
        self.pool = nn.MaxPool2d(3, 2, 1)
        stages, side = [], 56
        for index, (dim, heads, patch, depth) in enumerate(zip(planes, (1, 3, 6), (4, 2, 1), (1, 2, 3))):
            blocks = [] if index == 0 else [Downsample(planes[index - 1], dim)]
            for _ in range(depth):
                blocks += [DSSA(dim, heads, (side // patch) ** 2, patch), GWFFN(dim)]
            stages.append(nn.Sequential(*blocks))
            side //= 2
        self.layers = nn.Sequential(*stages)
        self.classifier = nn.Linear(planes[-1], 1000, bias=False)

    def forward(self, image):
        x = self.prologue(image[None].repeat(TIMESTEPS, 1, 1, 1, 1))
        y = self.pool(x.flatten(0, 1))
        x = y.view(TIMESTEPS, -1, *y.shape[1:])
        return self.classifier(self.layers(x).mean((-1, -2)))


def hashed(count, salt):
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(salt) * np.uint32(40503)
        x ^= x >> np.uint32(15)
        x *= np.uint32(2246822519)
        x ^= x >> np.uint32(13)
        x *= np.uint32(3266489917)
        x ^= x >> np.uint32(16)
    return x


def ternary(count, salt):
    return (hashed(count, salt) % np.uint32(3)).astype(np.float32) - 1


def fill(state):
    for salt, name in enumerate(name for name in state if "num_batches" not in name):
        weight = state[name]
        count = weight.numel()
        if name.endswith("running_var"):
            values = np.full(count, 2.0**20)
        elif name.endswith("running_mean"):
            values = ternary(count, salt) / 4
        elif name.endswith("bn.weight"):
            values = np.full(count, 2.0**10)
        elif name.endswith("bn.bias"):
            values = (ternary(count, salt) + 1) / 2
        elif name.endswith("firing_rate_x"):
            values = np.full(count, 0.25)
        elif name.endswith("firing_rate_attn"):
            values = np.full(count, 16 / 196)
        else:
            fan = count // weight.shape[0]
            values = ternary(count, salt) * 2.0 ** -np.floor(np.log2(np.sqrt(fan / 8)))
        weight.copy_(torch.from_numpy(np.asarray(values, np.float32)).view(weight.shape))


folder = sys.argv[1]
network = Network().eval()
fill(network.state_dict())
pixels = (hashed(3 * 224 * 224, 999) % np.uint32(17)).astype(np.float32) / 8 - 1
with torch.no_grad():
    logits = network(torch.from_numpy(pixels).view(1, 3, 224, 224))
torch.save(network.state_dict(), f"{folder}/ti.pt")
data = logits.numpy().astype("<f4").tobytes()
entry = {"dtype": "F32", "shape": list(logits.shape), "data_offsets": [0, len(data)]}
header = json.dumps({"logits": entry}).encode()
with gzip.GzipFile(f"{folder}/spikingresformer_ti.safetensors.gz", "wb", mtime=0) as file:
    file.write(struct.pack("<Q", len(header)) + header + data)
