# mypy: ignore-errors
# The compiler finds the types of these functions, and its decorators hide them.
"""Vectors of 64-bit words that stay in registers, as the compiler is taught them.

Loops over them compile to the same code as one written out plane by plane, for every code length,
which a loop over arrays does not.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from hashing.search.kernel.compiler import inlined
from hashing.search.scan.sliced import LANES

_HOST = {} if config.CPU_NAME else binding.get_host_cpu_features()
_TERNARY = bool(_HOST.get("avx512f"))
"""Whether the processor has any function of three vectors as one instruction."""
WIDTH = 8 if _TERNARY else 4
"""Words in a vector; eight would not leave enough registers elsewhere."""
STEPS = LANES // WIDTH
"""Vectors in a plane of a block: the kernel goes in steps of one vector."""
VECTOR_BYTES = 8 * WIDTH
STEP = 64 * WIDTH
"""Codes in a step."""
ZEROS, ONES = np.uint64(0), ~np.uint64(0)

_VECTOR = ir.VectorType(ir.IntType(64), WIDTH)


class VectorType(types.Type):
    """The compiler's name for a vector."""

    def __init__(self) -> None:
        super().__init__(name=f"Vector{WIDTH}")


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):
    """A vector is itself in memory and in registers."""

    def __init__(self, manager: object, kind: object) -> None:
        super().__init__(manager, kind, _VECTOR)


vector = VectorType()


# Addresses instead of arrays: the compiler counts references to arrays even where they are only
# passed on, which would spill all vectors. The caller keeps the arrays alive.


@intrinsic
def load(typing: Any, address: Any) -> Any:
    """Read the vector at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], _VECTOR.as_pointer()), align=8)

    return vector(types.int64), generate


@intrinsic
def fetch(typing: Any, address: Any) -> Any:
    """Ask for the cache line at an address, which may lie anywhere, in the second cache."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()] + [ir.IntType(32)] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        read, keep, data = (ir.Constant(ir.IntType(32), value) for value in (0, 2, 1))
        builder.call(function, [pointer, read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def store(typing: Any, address: Any, value: Any) -> Any:
    """Write a vector to an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _VECTOR.as_pointer())
        builder.store(arguments[1], pointer, align=8)
        return context.get_dummy_value()

    return types.void(types.int64, vector), generate


@intrinsic
def load_int32(typing: Any, address: Any) -> Any:
    """Read an int32 at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(32).as_pointer())
        return builder.sext(builder.load(pointer, align=4), ir.IntType(64))

    return types.int64(types.int64), generate


@intrinsic
def fill(typing: Any, word: Any) -> Any:
    """The vector of equal words."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        empty = ir.Constant(_VECTOR, ir.Undefined)
        lanes = ir.VectorType(ir.IntType(32), WIDTH)
        one = builder.insert_element(empty, arguments[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, empty, ir.Constant(lanes, [0] * WIDTH))

    return vector(types.uint64), generate


@intrinsic
def any_bit(typing: Any, value: Any) -> Any:
    """Whether any bit of the vector is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.IntType(WIDTH)
        zero = ir.Constant(_VECTOR, [0] * WIDTH)
        found = builder.bitcast(builder.icmp_unsigned("!=", arguments[0], zero), lanes)
        return builder.icmp_unsigned("!=", found, ir.Constant(lanes, 0))

    return types.boolean(vector), generate


def _operation(name: str) -> Any:
    """An operation on two vectors."""

    @intrinsic
    def operation(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return vector(vector, vector), generate

    return operation


def _ternary(table: int) -> Any:
    """A function of three vectors by its truth table (AVX-512 `vpternlogq`)."""

    @intrinsic
    def operation(typing: Any, a: Any, b: Any, c: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3 + [ir.IntType(32)])
            name = "llvm.x86.avx512.pternlog.q.512"
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.call(function, [*arguments, ir.Constant(ir.IntType(32), table)])

        return vector(vector, vector, vector), generate

    return operation


both, either, differ = _operation("and_"), _operation("or_"), _operation("xor")


@inlined
def _odd(a, b, c):
    return differ(differ(a, b), c)


@inlined
def _most(a, b, c):
    return either(both(a, b), both(c, either(a, b)))


# the two halves of a full adder: the sum and the carry
odd, most = (_ternary(0x96), _ternary(0xE8)) if _TERNARY else (_odd, _most)


@intrinsic
def popcount(typing: Any, word: Any) -> Any:
    """Number of set bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def lowest(typing: Any, word: Any) -> Any:
    """Place of the lowest set bit; the word is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate
