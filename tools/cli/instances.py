"""Memory and virtual CPUs of SageMaker's instance types, by the rules that their names keep.

No API of SageMaker tells them. https://docs.aws.amazon.com/sagemaker/latest/dg/notebooks-available-instance-types.html
"""

import re
from dataclasses import dataclass

from .. import aws_shapes

_TYPE = re.compile(r"ml\.(c|m|r|t|g)(\d)([a-z]*)\.((\d*)x?large|medium)")
_GIB_PER_CPU = {"c": 2, "m": 4, "r": 8, "t": 4, "g": 4}
_ODD = {"ml.t2.medium": (2, 4), "ml.t3.medium": (2, 4), "ml.c4.8xlarge": (36, 60)}
_PLAIN = re.compile(r"ml\.(m5|r5)\.(\d*x?large)")


@dataclass(frozen=True)
class Instance:
    """What an instance type has."""

    name: str
    cpus: int
    memory_gib: float


def known(name: str) -> Instance | None:
    """What the type has; None for one of a family that is not known here."""
    if name in _ODD:
        return Instance(name, *_ODD[name])
    found = _TYPE.fullmatch(name)
    if not found or found[4] == "medium":
        return None
    family, generation, times = found[1], int(found[2]), found[5]
    cpus = 2 if found[4] == "large" else 4 * int(times or 1)
    per_cpu = 1.875 if (family, generation) == ("c", 4) else _GIB_PER_CPU[family]
    return Instance(name, cpus, cpus * per_cpu)


def larger(at_least_gib: float, first: tuple[str, ...]) -> list[Instance]:
    """Those that have so much: of `first`, then of the plain families, the smallest before larger ones."""
    plain = [name for name in aws_shapes.choices("TrainingInstanceType") if _PLAIN.fullmatch(name)]
    found = [one for name in dict.fromkeys([*first, *plain]) if (one := known(name)) is not None]
    fitting = [one for one in found if one.memory_gib >= at_least_gib]
    return sorted(fitting, key=lambda one: (one.name not in first, one.memory_gib, one.cpus))
