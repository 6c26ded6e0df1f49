"""Methods that are made of measures, on networks: expected values from the network's outputs, and from named methods."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

import attrtheory as at
from attrtheory.errors import BadInput, Unsupported
from attrtheory.expr import var
from attrtheory.lower.network_fn import NetworkFn
from attrtheory.measures import box, functional_of, gaussian, point, segment
from attrtheory.measures.applied import at as put
from attrtheory.measures.applied import attribution_of, numbers
from attrtheory.methods import Method, get_functional_method, get_method
from attrtheory.metrics import infidelity

X, B = [var("x1"), var("x2")], [var("b1"), var("b2")]
INPUTS = np.array([[0.5, 1.25], [-1.0, 2.0]])
OCCLUSION = attribution_of([point(X) - point([B[0], X[1]]), point(X) - point([X[0], B[1]])])


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)).double().eval()


@pytest.mark.parametrize("name", ["occlusion", "shapley", "gradient_x_input", "integrated_gradients", "equal_split"])
@pytest.mark.parametrize("exact", [False, True])
def test_measures_read_off_a_method_give_its_values(net, name, exact):
    mine = Method("mine", attribution_of(functional_of(get_method(name), 2)))
    found = at.explain(net, INPUTS, mine, baselines=[[0.25, -1]], target=1, exact=exact)
    known = at.explain(net, INPUTS, name, baselines=[[0.25, -1]], target=1, exact=exact)
    assert set(found.trust) == ({"exact"} if exact else {"float"})
    np.testing.assert_allclose(found.values, known.values, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.residual, known.residual, atol=1e-12)
    if exact:
        assert [a.exact for a in found.rows] == [a.exact for a in known.rows]


def test_values_along_a_segment_are_averaged(net):
    mine = Method("mine", attribution_of([point(X) - segment(B, X), segment(B, X)]))
    (found,) = at.explain(net, INPUTS[:1], mine, baselines=0, target=0).values
    with torch.no_grad():
        way = net(torch.linspace(0, 1, 200_001).double()[:, None] * torch.tensor(INPUTS[0]))[:, 0].numpy()
    mean = (way[:-1] + way[1:]).mean() / 2
    np.testing.assert_allclose(found, [way[-1] - mean, mean], atol=1e-8)


def test_boxes_and_the_shape_of_the_input():
    torch.manual_seed(0)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).double().eval()
    mine = Method("mine", attribution_of([box([0, 0], [1, 1]), point(X)]))
    found = at.explain(flat, torch.tensor(INPUTS).reshape(2, 1, 2), mine, exact=True)
    assert found.values.shape == (2, 1, 2)
    np.testing.assert_allclose(found.values[:, 0, 1], flat(torch.tensor(INPUTS).reshape(2, 1, 2)).detach().numpy()[:, 0])
    assert found.values[0, 0, 0] == found.values[1, 0, 0]  # a box that does not move with the input


def test_what_has_no_algorithm_is_refused_by_name(net):
    normal = Method("normal", attribution_of([gaussian(X, [[1, 0], [0, 1]]), point(X)]))
    with pytest.raises(Unsupported, match=r"normal on a network: no exact algorithm.*functional_values"):
        at.explain(net, INPUTS, normal, target=0)
    smoothgrad = functional_of(get_functional_method("smoothgrad"), 2)
    with pytest.raises(BadInput, match=r"without values: sigma.*functional_values"):
        at.explain(net, INPUTS, Method("smooth", attribution_of(smoothgrad)), target=0)
    with pytest.raises(BadInput, match="leave groups out"):
        at.explain(net, INPUTS, Method("occlusion", OCCLUSION), target=0, groups=[0, 0])
    with pytest.raises(BadInput, match="3 features; got functionals on 2"):
        at.explain(nn.Linear(3, 1).double().eval(), np.ones((1, 3)), Method("occlusion", OCCLUSION))


def test_normal_laws_behind_one_hidden_layer_are_enclosed():
    torch.manual_seed(1)
    shallow = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)).double().eval()
    smoothgrad = [put(f, numbers(sigma=1)) for f in functional_of(get_functional_method("smoothgrad"), 2)]
    found = at.explain(shallow, INPUTS[:1], Method("smooth", attribution_of(smoothgrad)))
    with torch.no_grad():
        w, b, v = shallow[0].weight, shallow[0].bias, shallow[2].weight[0]
        share = torch.special.ndtr((w @ torch.tensor(INPUTS[0]) + b) / w.norm(dim=1))
        expected = (v * share) @ w
    np.testing.assert_allclose(found.values[0], expected.numpy(), atol=1e-12)


def test_the_exact_view_runs_the_definition_itself(net):
    graph = at.from_torch(net, (2,))
    x, b = [Fraction(1, 2), Fraction(5, 4)], [Fraction(0), Fraction(0)]
    view = NetworkFn(graph, 0)
    assert Method("mine", OCCLUSION).all(view, x, [b]) == get_method("occlusion").all(view, x, [b])
    metric = infidelity(graph, x, [[1, 0], [0, 1]], baseline=b)
    assert metric.value(Method("mine", OCCLUSION)) == metric.value("occlusion")
    with pytest.raises(Unsupported, match=r"values along a segment.*functional_values"):
        Method("mean", attribution_of([segment(B, X), point(X)])).all(view, x, [b])
    with pytest.raises(Unsupported, match=r"normal law.*functional_values"):
        Method("normal", attribution_of([gaussian(X, [[1, 0], [0, 1]]), point(X)])).all(view, x, [b])
