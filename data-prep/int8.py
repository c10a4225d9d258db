"""The model in eight-bit integers: weights by channel, what flows between layers by ranges measured on photos.

Static quantisation in ONNX's QDQ form, which a runtime turns into integer arithmetic. Input and outputs stay float32.
"""
import numpy as np
import onnx
from onnx import helper, numpy_helper

from common import PrepError

# Seven bits where channels are summed: without VNNI, x86 adds two products of eight bits in sixteen and saturates (with
# eight bits the embedding's cosine to the fp32 one fell to 0.66). Depthwise convolutions are summed in another way.
# See https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html (reduce_range).
WEIGHT_MAX = 63
DEPTHWISE_WEIGHT_MAX = 127
BIAS_MAX = 2**30
LEVELS = 255
INPUT_RANGE = (-127 / 128, 1.0)  # (0 - 127) / 128 to (255 - 127) / 128: each level of a pixel is one of the integers


def observed(model):
    """Names of the tensors that need a range: what each layer hands on, behind its activation."""
    clipped = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "Clip"}
    layers = (node.output[0] for node in model.graph.node if node.op_type in ("Conv", "Add"))
    return [clipped.get(name, name) for name in layers]


def quantise(model, ranges):
    """The fp32 model with its convolutions in integers.

    ranges: tensor name -> (lowest, highest), for exactly the names that `observed` gives.
    """
    if sorted(ranges) != sorted(observed(model)):
        raise PrepError("the ranges were measured on another network: run calibrate.py again")
    graph = _Integers({tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer})
    graph.measure(model.graph.input[0].name, INPUT_RANGE)
    for node in model.graph.node:
        graph.add(node)
        for name in set(node.output) & set(ranges):
            graph.measure(name, ranges[name])
    return graph.finish(model)




class _Integers:
    def __init__(self, constants):
        self.constants = constants
        self.nodes = []
        self.initializers = []
        self.scales = {}  # of the tensors that are integers in between

    def add(self, node):
        """The node, reading what is already in integers from there."""
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[0:] = [self.read(name) for name in node.input]
        if node.op_type == "Conv":
            depthwise = helper.get_node_attr_value(node, "group") > 1
            copy.input[1:] = self.weights(*node.input, DEPTHWISE_WEIGHT_MAX if depthwise else WEIGHT_MAX)
        self.nodes.append(copy)

    def read(self, name):
        return f"{name}_approximate" if name in self.scales else name

    def measure(self, name, extent):
        """From here on the tensor is read as the nearest of 256 numbers between its lowest and highest."""
        lowest, highest = min(0.0, float(extent[0])), max(0.0, float(extent[1]))
        scale = np.float32((highest - lowest) / LEVELS)
        zero = np.uint8(np.clip(np.rint(-lowest / scale), 0, LEVELS))
        parameters = [self.constant(f"{name}_scale", scale), self.constant(f"{name}_zero", zero)]
        self.nodes.append(helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_integer"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_integer", *parameters], [f"{name}_approximate"]))
        self.scales[name] = scale

    def weights(self, source, weight, bias, largest_integer):
        """A convolution's weights and bias in integers, each output channel with its own scale.

        largest_integer: what the largest weight of a channel becomes.
        """
        values = self.constants[weight].astype(np.float64)
        largest = np.abs(values).reshape(len(values), -1).max(axis=1)
        # A channel of hardly any weight must not have a scale in which its bias has no integer.
        least = np.abs(self.constants[bias]) / (self.scales[source] * BIAS_MAX)
        scales = np.maximum(largest / largest_integer, least).astype(np.float32)
        integers = np.rint(values / scales.reshape(-1, 1, 1, 1)).astype(np.int8)
        bias_scales = scales * self.scales[source]
        bias_integers = np.rint(self.constants[bias] / bias_scales.astype(np.float64)).astype(np.int32)
        return [self.approximate(weight, integers, scales), self.approximate(bias, bias_integers, bias_scales)]

    def approximate(self, name, integers, scales):
        inputs = [self.constant(f"{name}_integer", integers), self.constant(f"{name}_scale", scales),
                  self.constant(f"{name}_zero", np.zeros(len(scales), integers.dtype))]
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{name}_approximate"], axis=0))
        return f"{name}_approximate"

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def finish(self, model):
        read = {name for node in self.nodes for name in node.input}
        self.initializers += [tensor for tensor in model.graph.initializer if tensor.name in read]
        graph = helper.make_graph(self.nodes, f"{model.graph.name}-int8", model.graph.input, model.graph.output,
                                  self.initializers)
        integers = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version,
                                     producer_name=model.producer_name)
        onnx.checker.check_model(integers, full_check=True)
        return integers
