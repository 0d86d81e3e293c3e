"""A GPU that is none: tensors moved to it stay in the processor's memory and are marked, and an operation on marked and unmarked ones fails as on a real one.

`x.device` of a marked tensor says cuda:0, so that code chooses what it would choose there; nothing is computed by CUDA.
"""

from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

GPU = torch.device("cuda", 0)
# What moves numbers between devices.
CROSSING = ("aten::copy_", "aten::_to_copy")


class Elsewhere(RuntimeError):
    """An operation on tensors of two devices."""


class _Marks:
    """Which storages lie on the GPU; they are held, so that no other gets their address."""

    def __init__(self):
        self.held = {}

    def on(self, t: torch.Tensor) -> bool:
        return t.untyped_storage()._cdata in self.held

    def mark(self, t: torch.Tensor) -> torch.Tensor:
        storage = t.untyped_storage()
        self.held[storage._cdata] = storage
        return t


class _Operations(TorchDispatchMode):
    """Every operation, those of the backward pass, too: what comes of marked tensors is marked."""

    def __init__(self, marks):
        super().__init__()
        self.marks = marks

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [t for t in tree_flatten((args, kwargs or {}))[0] if isinstance(t, torch.Tensor)]
        marked = [self.marks.on(t) for t in tensors]
        crossing = func._schema.name in CROSSING
        # A single number of the processor goes everywhere.
        strangers = [t for t, on in zip(tensors, marked) if not on and t.dim() > 0]
        if any(marked) and strangers and not crossing:
            raise Elsewhere(f"{func} on tensors of cuda:0 and a tensor {list(strangers[0].shape)} of cpu")
        out = func(*args, **(kwargs or {}))
        if any(marked) and func._schema.name != "aten::copy_":
            for t in tree_flatten(out)[0]:
                if isinstance(t, torch.Tensor):
                    self.marks.mark(t)
        return out


class PretendGpu(TorchFunctionMode):
    """While it is entered there is a GPU."""

    def __init__(self):
        super().__init__()
        self.marks = _Marks()
        self.operations = _Operations(self.marks)

    def __enter__(self):
        self.operations.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        return self.operations.__exit__(*error)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func == torch.Tensor.device.__get__:
            return GPU if self.marks.on(args[0]) else func(*args)
        if func == torch.Tensor.is_cpu.__get__:
            return not self.marks.on(args[0])
        if func is torch.Tensor.backward:
            # A mode is off while it handles a call, and all that PyTorch offers for the way back is such a call; the engine itself is none.
            with self.once_more():
                start = (args[0],), (torch.ones_like(args[0]),)
                return torch.autograd.Variable._execution_engine.run_backward(*start, False, False, (), allow_unreachable=True, accumulate_grad=True)
        if func in (torch.Tensor.to, torch.Tensor.cpu):
            return self.moved(func, args, kwargs)
        if func is torch.nn.functional.one_hot and self.marks.on(args[0]):
            # Makes its zeros inside PyTorch, where no mode sees which device they were meant for.
            return self.marks.mark(func(self.moved(torch.Tensor.cpu, args[:1], {}), *args[1:], **kwargs))
        if kwargs.get("device") is not None and torch.device(kwargs["device"]).type == GPU.type:
            return self.marks.mark(func(*args, **(kwargs | {"device": "cpu"})))
        out = func(*args, **kwargs)
        if func is torch.Tensor.new_tensor and self.marks.on(args[0]):
            self.marks.mark(out)
        return out

    @contextmanager
    def once_more(self):
        TorchFunctionMode.__enter__(self)
        try:
            yield
        finally:
            TorchFunctionMode.__exit__(self, None, None, None)

    def moved(self, func, args, kwargs):
        """`to` and `cpu`: a copy on the other side, or what the function does where the device stays."""
        x, *rest = args
        wanted = torch.device("cpu") if func is torch.Tensor.cpu else kwargs.get("device")
        wanted = next((torch.device(a) for a in rest if isinstance(a, (torch.device, str))), wanted)
        if wanted is None:
            return func(*args, **kwargs)
        on = self.marks.on(x)
        rest = [a for a in rest if not isinstance(a, (torch.device, str))]
        kinds = [a for a in (*rest, kwargs.get("dtype")) if isinstance(a, torch.dtype)]
        if on == (torch.device(wanted).type == GPU.type):
            return func(x, *kinds) if kinds else x
        # By numpy, behind the back of what follows the marks.
        copy = torch.from_numpy(x.detach().numpy().copy())
        copy = copy.to(kinds[0]) if kinds else copy
        return copy if on else self.marks.mark(copy)
