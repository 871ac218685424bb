"""SageMaker's `aialgs.data.Record`, one row of numbers: declared here, not compiled, as it is five messages.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "aialgs.data"
_FIELD = descriptor_pb2.FieldDescriptorProto
_TENSORS = {
    "Float32Tensor": ("float32_tensor", 2, _FIELD.TYPE_FLOAT),
    "Float64Tensor": ("float64_tensor", 3, _FIELD.TYPE_DOUBLE),
    "Int32Tensor": ("int32_tensor", 7, _FIELD.TYPE_INT32),
}


@cache
def record_type() -> Any:
    """The class of a record: maps `features` and `label` from names to tensors."""
    file = descriptor_pb2.FileDescriptorProto(name="slipway/record.proto", package=_PACKAGE, syntax="proto2")
    value = descriptor_pb2.DescriptorProto(name="Value")
    value.oneof_decl.add(name="value")
    for name, (member, number, kind) in _TENSORS.items():
        tensor = file.message_type.add(name=name)
        for place, (part, of) in enumerate(
            {"values": kind, "keys": _FIELD.TYPE_UINT64, "shape": _FIELD.TYPE_UINT64}.items(), 1
        ):
            field = tensor.field.add(name=part, number=place, type=of, label=_FIELD.LABEL_REPEATED)
            field.options.packed = True
        _message(value, member, number, name).oneof_index = 0
    file.message_type.append(value)
    record = file.message_type.add(name="Record")
    for number, member in enumerate(("features", "label"), 1):
        entry = record.nested_type.add(name=f"{member.title()}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
        _message(entry, "value", 2, "Value")
        _message(record, member, number, f"Record.{entry.name}").label = _FIELD.LABEL_REPEATED
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Record"))


def _message(parent: Any, name: str, number: int, of: str) -> Any:
    return parent.field.add(
        name=name,
        number=number,
        type=_FIELD.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{of}",
        label=_FIELD.LABEL_OPTIONAL,
    )
