"""`python -m tests.faults.wrong NAME [TEMPLATE]`: the test that must notice a wrong version, in a process that runs it.

Product code is replaced in modules that were imported long ago, SQL by a template database that holds the wrong version.
Without a name it runs all of these tests over the right one.
"""

import ast
import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType

import pytest

import tests.conftest
from tests.faults.mutations import MUTATIONS, Code
from tests.support.processes import ROOT

ARGUMENTS = ("-q", "-x", "--tb=line", "-p", "pytest_timeout", "-p", "no:cacheprovider")
"""It ends with the first that is red; other plugins would cost more than the tests."""


def alter(mutation: Code) -> None:
    """Let a module run as if `wrong` stood in its file; fails where that changes nothing that runs."""
    module = import_module(mutation.file.removesuffix(".py").replace("/", "."))
    right = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert right.count(mutation.standing) == 1, f"the mutation no longer fits {mutation.file}"
    wrong = right.replace(mutation.standing, mutation.wrong)
    changed = _exchanged_functions(mutation.file, right, wrong)
    for old, new in zip(ast.parse(right).body, ast.parse(wrong).body, strict=True):
        if isinstance(new, ast.AnnAssign) and ast.dump(old) != ast.dump(new):
            exec(compile(ast.Module([new], []), mutation.file, "exec"), module.__dict__)
            changed += 1
    assert changed == 1, f"{changed} places changed"


def _exchanged_functions(name: str, right: str, wrong: str) -> int:
    """Give functions of a file the code that its wrong version compiles to; how many changed."""
    compiled = [compile(source, name, "exec", dont_inherit=True) for source in (right, wrong)]
    codes = {(old.co_qualname, old.co_firstlineno): (old, new) for old, new in _pairs(*compiled)}
    changed, file = 0, ROOT / name
    gc.unfreeze()
    for function in (each for each in gc.get_objects() if isinstance(each, FunctionType)):
        if Path(function.__code__.co_filename) == file:
            old, new = codes[function.__code__.co_qualname, function.__code__.co_firstlineno]
            if (old.co_code, old.co_consts, old.co_names) != (new.co_code, new.co_consts, new.co_names):
                function.__code__ = new
                changed += 1
    return changed


def _pairs(right: CodeType, wrong: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    yield right, wrong
    inner = ([each for each in code.co_consts if isinstance(each, CodeType)] for code in (right, wrong))
    for each in zip(*inner, strict=True):
        yield from _pairs(*each)


def main(name: str = "", template: str = "") -> int:
    """Run the test of one mutation, or those of all without any."""
    if not name:
        return int(pytest.main([*ARGUMENTS, *sorted({each.noticed_by for each in MUTATIONS.values()})]))
    mutation = MUTATIONS[name]
    if isinstance(mutation, Code):
        alter(mutation)
    else:
        tests.conftest.TEMPLATE = template
    return int(pytest.main([*ARGUMENTS, mutation.noticed_by]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
