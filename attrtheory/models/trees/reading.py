"""Model files as data: bounded in size, read once, nothing executed; fields are asked for by name and type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from attrtheory.errors import BadInput, TooLarge

MAX_BYTES = 2**29


def text_of(source: Any, starts: tuple[str, ...], library: str) -> str:
    """The text itself where it starts like a model, else the text of the file of that name."""
    if isinstance(source, str) and source.lstrip().startswith(starts):
        found = source
    elif isinstance(source, str | Path):
        path = Path(source)
        if len(str(source)) > 4096 or not path.is_file():
            raise BadInput(f"{str(source)[:80]!r} is neither a file nor the text of a {library} model")
        if path.stat().st_size > MAX_BYTES:
            raise TooLarge(f"{path} has {path.stat().st_size} bytes; up to {MAX_BYTES} are read")
        try:
            found = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(f"{path} is no text; save the model as JSON or text, not in a binary format") from error
    else:
        raise BadInput(f"a {library} model comes as text, as the path of a file or as parsed JSON; got {type(source)}")
    if len(found) > MAX_BYTES:
        raise TooLarge(f"the model has {len(found)} characters; up to {MAX_BYTES} are read")
    return found


def parsed(text: str, library: str) -> Any:
    """JSON; NaN, infinities and what is nested too deeply are refused."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise TooLarge(f"the {library} file is nested too deeply") from error
    except ValueError as error:
        raise error if isinstance(error, BadInput) else BadInput(f"not the JSON of a {library} model: {error}") from error


def _no_number(name: str) -> NoReturn:
    raise BadInput(f"the model holds {name}; only finite numbers are accepted")


def field(data: Any, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """An entry of an object, of this type."""
    if not isinstance(data, dict) or name not in data:
        raise BadInput(f"{where} has no {name!r}")
    found = data[name]
    wanted = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(found, wanted) or (isinstance(found, bool) and bool not in wanted):
        words = " or ".join(k.__name__ for k in wanted)
        raise BadInput(f"{name!r} of {where} must be of type {words}; got {str(found)[:60]!r}")
    return found


def whole(data: Any, name: str, where: str) -> int:
    """A whole number from 0 to 2^31, also as text."""
    found = field(data, name, (int, str), where)
    if not str(found).isdecimal() or len(str(found)) > 10 or int(found) > 2**31:
        raise BadInput(f"{name!r} of {where} must be a whole number, 0 or more; got {str(found)[:60]!r}")
    return int(found)


def names_of(value: Any, where: str) -> tuple[str, ...]:
    """Names of features, each once."""
    found = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(found, list | tuple) or not all(isinstance(name, str) for name in found):
        raise BadInput(f"feature_names of {where} must be a list of names; got {str(value)[:60]!r}")
    if len(set(found)) < len(found):
        raise BadInput(f"feature_names of {where} name a feature twice; got {str(value)[:60]!r}")
    return tuple(found)


def place_of(target: Any, count: int, what: str) -> int:
    """Which of several outputs or classes is explained."""
    if isinstance(target, bool) or not isinstance(target, int | np.integer) or not 0 <= target < count:
        raise BadInput(f"target: the model has {what} 0 to {count - 1}; name the one to explain, got {target!r}")
    return int(target)


def chosen_class(target: Any, count: int, what: str) -> int:
    """Which class is explained, of a model with one score (`what`) for each; of one score, none is named."""
    if count > 1:
        return place_of(target, count, "classes")
    if target is not None:
        raise BadInput(f"target: the model has one {what} (with two classes the log-odds of class 1); got {target!r}")
    return 0


def number(value: Any, where: str) -> float:
    """A finite number, also as text."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else np.nan
    except (ValueError, OverflowError):
        found = np.nan
    if not np.isfinite(found):
        raise BadInput(f"{where} must be a finite number; got {str(value)[:60]!r}")
    return found


def numbers(values: Any, where: str) -> np.ndarray:
    """A list of finite numbers as float64."""
    if not isinstance(values, list):
        raise BadInput(f"{where} must be a list of numbers; got {str(values)[:60]!r}")
    return np.array([number(v, where) for v in values], np.float64)


def single(values: np.ndarray) -> np.ndarray:
    """Numbers rounded to float32; what is beyond becomes infinite, which trees refuse."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def whole_numbers(values: Any, where: str) -> np.ndarray:
    """A list of whole numbers below 2^31 in size."""
    found = numbers(values, where)
    if (found != np.floor(found)).any() or (np.abs(found) > 2**31).any():
        raise BadInput(f"{where} must be whole numbers; got {found[found != np.floor(found)][:1]}")
    return found.astype(np.int64)
