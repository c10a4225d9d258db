"""EfficientNet-Lite0 with a linear head as an ONNX graph, straight from the arrays of the checkpoint.

Architecture: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (Apache-2.0). Lite means
ReLU6 and no squeeze-and-excite. Input `input` [N,3,224,224] float32; outputs `logits` [N,classes] and `embedding`
[N,1280].
"""
from collections import namedtuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from common import PrepError

SIZE = 224
EMBEDDING = 1280
OPSET = 13
IR_VERSION = 8  # the first IR of opset 13's time: readable by every runtime in use
BATCH_NORM_EPSILON = 1e-3  # TensorFlow's, with which the weights were trained; torch's 1e-5 would be wrong

Stage = namedtuple("Stage", "repeat kernel stride expand channels")
STAGES = [
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
]
STEM_CHANNELS = 32
LAST_MAP = 7

# The ImageNet classifier gives way to our head; the counters only served training.
UNUSED = ("_fc.weight", "_fc.bias")
UNUSED_SUFFIX = ".num_batches_tracked"

Head = namedtuple("Head", "weight bias")  # [classes, 1280] and [classes], float32
Map = namedtuple("Map", "name channels size")  # a feature map in the graph: channels x size x size


def build(weights, head, variant="fp32"):
    """The whole model, checked by ONNX's own checker.

    weights: name -> array, as `checkpoint.load_weights` returns them.
    head: Head.
    variant: 'fp32', or 'fp16' to store the numbers in half precision and cast them when the model is loaded.
    """
    graph = _Graph(weights, variant)
    features = graph.convolution(Map("input", 3, SIZE), "_conv_stem", "_bn0", STEM_CHANNELS, kernel=3, stride=2)
    for prefix, stage, stride in _blocks():
        features = _block(graph, features, prefix, stage, stride)
    features = graph.convolution(features, "_conv_head", "_bn1", EMBEDDING, kernel=1)
    if features.size != LAST_MAP:
        raise PrepError(f"the last map is {features.size} wide, not {LAST_MAP}: the graph is wrong")
    pooled = graph.node("GlobalAveragePool", [features.name])
    graph.node("Flatten", [pooled], "embedding", axis=1)
    graph.node("Gemm", ["embedding", graph.constant(head.weight), graph.constant(head.bias)], "logits", transB=1)
    graph.refuse_leftovers()
    return graph.model(classes=len(head.bias))


def _blocks():
    """(name prefix, stage, stride) of each inverted-residual block; only the first of a stage shrinks the map."""
    index = 0
    for stage in STAGES:
        for repeat in range(stage.repeat):
            yield f"_blocks.{index}", stage, stage.stride if repeat == 0 else 1
            index += 1


def _block(graph, features, prefix, stage, stride):
    """Inverted residual: widen, filter each channel, narrow, and add the input where the shapes allow."""
    wide = features
    if stage.expand > 1:
        channels = features.channels * stage.expand
        wide = graph.convolution(features, f"{prefix}._expand_conv", f"{prefix}._bn0", channels, kernel=1)
    deep = graph.convolution(wide, f"{prefix}._depthwise_conv", f"{prefix}._bn1", wide.channels, stage.kernel, stride,
                             group=wide.channels)
    narrow = graph.convolution(deep, f"{prefix}._project_conv", f"{prefix}._bn2", stage.channels, kernel=1,
                               activation=False)
    if stride == 1 and narrow.channels == features.channels:
        return narrow._replace(name=graph.node("Add", [narrow.name, features.name]))
    return narrow


def same_padding(size, kernel, stride):
    """(output size, padding before, padding after) of TensorFlow's SAME.

    It puts the odd pixel after, so that 3x3/2 on an even size pads (0, 1): symmetric padding would shift every map.
    """
    output = -(-size // stride)
    total = max((output - 1) * stride + kernel - size, 0)
    return output, total // 2, total - total // 2


class _Graph:
    """Collects nodes and constants, and remembers which tensors of the checkpoint were used."""

    def __init__(self, weights, variant):
        self.weights = weights
        self.variant = variant
        self.used = set()
        self.nodes = []
        self.initializers = []

    def take(self, name, shape):
        """A tensor of the checkpoint, whose shape must be the one that the architecture gives it."""
        if name not in self.weights or self.weights[name].shape != shape:
            raise PrepError(f"the checkpoint has no tensor {name} of shape {shape}")
        self.used.add(name)
        return self.weights[name].astype(np.float64)

    def node(self, operator, inputs, output=None, **attributes):
        """Append a node; returns the name of its output."""
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=f"make_{output}", **attributes))
        return output

    def constant(self, values, name=None):
        """Append a constant; returns the name under which nodes read it as float32."""
        name = name or f"constant_{len(self.initializers)}"
        if self.variant == "fp16" and np.ndim(values) > 0:
            self.initializers.append(numpy_helper.from_array(np.asarray(values, np.float16), f"{name}_half"))
            return self.node("Cast", [f"{name}_half"], name, to=TensorProto.FLOAT)
        self.initializers.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def convolution(self, features, convolution, norm, channels, kernel, stride=1, group=1, activation=True):
        """Convolution with its batch normalisation folded in, then ReLU6 unless told otherwise."""
        weight = self.take(f"{convolution}.weight", (channels, features.channels // group, kernel, kernel))
        gamma, beta, mean, variance = (
            self.take(f"{norm}.{part}", (channels,)) for part in ("weight", "bias", "running_mean", "running_var"))
        scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        size, before, after = same_padding(features.size, kernel, stride)
        name = self.node("Conv", [
            features.name,
            self.constant(weight * scale[:, None, None, None], f"{convolution}.weight"),
            self.constant(beta - mean * scale, f"{convolution}.bias"),
        ], kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[before, before, after, after], group=group)
        if activation:
            name = self.relu6(name)
        return Map(name, channels, size)

    def relu6(self, name):
        return self.node("Clip", [name, self.scalar(0.0, "zero"), self.scalar(6.0, "six")])

    def scalar(self, value, name):
        """A named scalar, stored once."""
        if name not in (tensor.name for tensor in self.initializers):
            self.constant(value, name)
        return name

    def refuse_leftovers(self):
        """An unused tensor means that the graph is not the network the checkpoint was trained as."""
        left = [name for name in self.weights
                if name not in self.used and name not in UNUSED and not name.endswith(UNUSED_SUFFIX)]
        if left:
            raise PrepError(f"the checkpoint holds {len(left)} tensors that the graph does not use, such as {left[0]}")

    def model(self, classes):
        """The finished model, after ONNX's full check with shape inference."""
        tensor = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])
        graph = helper.make_graph(
            self.nodes, "efficientnet-lite0", [tensor("input", 3, SIZE, SIZE)],
            [tensor("logits", classes), tensor("embedding", EMBEDDING)], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                                  producer_name="truthloop")
        onnx.checker.check_model(model, full_check=True)
        return model
