"""Runs a model with onnxruntime, one photo at a time, so that batches cannot change a result."""
import numpy as np
import onnxruntime


def open_session(model):
    """A session on one thread. model: a path, or an onnx.ModelProto."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    content = model.SerializeToString() if hasattr(model, "SerializeToString") else str(model)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(session, tensors):
    """(logits [n,classes], embeddings [n,1280]) of an iterable of [3,224,224] tensors."""
    name = session.get_inputs()[0].name
    outputs = [session.run(["logits", "embedding"], {name: tensor[None]}) for tensor in tensors]
    return tuple(np.concatenate(part) for part in zip(*outputs))


def softmax(logits):
    """Probabilities along the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
