"""ONNX Runtime behind a pipe: the real engine for programs that have no binding to it here.

Reads the model (length as int32, then its bytes), then for each photo height and width as int32
and the pixels; writes the number of probabilities as int32 and each as float32. Big endian.
"""

from __future__ import annotations

import struct
import sys

import numpy as np
import onnxruntime


def read(count: int) -> bytes:
    """Return exactly that many bytes, or fewer at the end."""
    return sys.stdin.buffer.read(count)


def main() -> None:
    """Answer until nobody asks any more."""
    (length,) = struct.unpack(">i", read(4))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(read(length), options, ["CPUExecutionProvider"])
    while len(size := read(8)) == 8:
        height, width = struct.unpack(">ii", size)
        pixels = np.frombuffer(read(3 * height * width), np.uint8).reshape(1, height, width, 3)
        (found,) = session.run(["probabilities"], {"pixels": pixels})
        answer = struct.pack(">i", found.size) + found.astype(">f4").tobytes()
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
