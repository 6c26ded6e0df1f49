"""What an unknown name of a method is answered with."""

import re

import pytest

from attrtheory.errors import BadInput
from attrtheory.methods import ALIASES, AVERAGES, METHODS, get_functional_method, get_method

LISTED = {m.name for m in (*METHODS, *AVERAGES)}


@pytest.mark.parametrize(
    "given, meant",
    [
        ("shap", "shapley or marginal_shapley"),
        ("KernelSHAP", "shapley or marginal_shapley"),
        ("lime", "mask_lime or gaussian_lime"),
        ("ig", "integrated_gradients"),
        ("Integrated Gradients", "integrated_gradients"),
        ("integrated-gradient", "integrated_gradients"),
        ("oclusion", "occlusion"),
        ("SmoothGrad", "smoothgrad"),
    ],
)
@pytest.mark.parametrize("get", [get_method, get_functional_method])
def test_near_names_are_suggested(get, given, meant):
    with pytest.raises(BadInput, match=f"no method '{given}'; did you mean {meant}.*There are gradient, "):
        get(given)


@pytest.mark.parametrize("given", ["zzz", "", "deeplift", 5, None])
def test_without_a_near_name_there_is_only_the_list(given):
    with pytest.raises(BadInput, match=re.escape(f"no method {given!r}; there are gradient, ")):
        get_method(given)


def test_aliases_name_methods_and_are_none():
    assert all(set(meant) <= LISTED for meant in ALIASES.values())
    assert not LISTED & set(ALIASES)


@pytest.mark.parametrize("method", AVERAGES, ids=str)
def test_what_is_known_by_its_functional_says_what_runs_it(method):
    with pytest.raises(BadInput, match=rf"known by its functional.*functional_values.*'{method.name}'"):
        get_method(method.name)
