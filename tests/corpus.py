"""What the theory says, as data: methods x properties on every model, and claims on single models and families.

Sources are the names of results in the literature; each verdict has its reason beside it. "Conditional" is a claim that
holds under the hypothesis named in the verdict and fails without it, where `needed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from attrtheory.methods import Method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.families import Dense, Every, Family, Given, Multilinear
from attrtheory.properties import Property, get_property
from attrtheory.prove.claim import Claim, Domain
from attrtheory.prove.names import agrees_with, has_formula

Q = Fraction
P, C, R, N = "Proved", "Conditional", "Refuted", "NotApplicable"


@dataclass(frozen=True)
class Row:
    claim: Claim
    verdict: str
    source: str
    needed: bool = False  # the witness without the hypothesis must be there


def method(name: str) -> Method:
    return get_method(name, background=2) if name == "expected_gradients" else get_method(name)


# every model ------------------------------------------------------------------------------------------------------------
# Methods that evaluate the model at points (class M) see only the function: their verdicts need no hypothesis. Methods
# that differentiate (class D) see the program at kinks: where a property speaks of what a model computes, a program whose
# guard vanishes at the point or along the path breaks it (1703.01365; IG-04: z - relu(z) + relu(-z) has slope 1 at z = 0).
# Path methods along the axes move one feature at a time, so a kink that holds the path does not see that feature.
PROPERTIES = (
    "completeness", "dummy", "null_displacement", "linearity", "symmetry", "implementation_invariance",
    "affine_scale_invariance", "non_decreasing_positivity", "affine_exactness", "constants",
)  # fmt: skip
MATRIX = {
    #                           Co Du Nu Li Sy II As Np Le Ct
    "gradient":                "R  C  R  P  C  C  R  C  R  C",  # unit changes scale a slope (As); w, not w dx (Le)
    "gradient_x_input":        "R  C  R  P  C  C  R  R  R  C",  # x + d is not x (As); x < 0 turns the sign (Np)
    "gradient_x_displacement": "R  C  P  P  C  C  P  C  C  C",  # dx f'(x) on x^2: 2 against 1 (Co)
    "occlusion":               "R  P  P  P  P  P  P  P  P  P",  # x1 x2 at (1, 1): 1 + 1 against 1 (VA-07)
    "integrated_gradients":    "C  C  P  P  C  C  P  C  C  C",  # IG-01, IG-07, IG-21; a step breaks Co (IG-02)
    "path_gradients":          "C  C  P  P  R  C  P  C  C  C",  # x1 x2: x1 moves first and gets 0 (UQ-06) (Sy)
    "expected_gradients":      "C  C  P  P  C  C  P  C  C  C",  # means of the above; baselines are exchangeable here (IG-17)
    "shapley":                 "P  P  P  P  P  P  P  P  P  P",  # UQ-07
    "banzhaf":                 "R  P  P  P  P  P  P  P  P  P",  # x1 x2 x3: 3/4 against 1 (UQ-07); n = 2 is Shapley
    "owen":                    "P  P  P  P  R  P  P  P  P  P",  # x1 x2 x3 with x1, x2 together: 1/4, 1/4, 1/2 (Sy)
    "equal_split":             "P  R  R  P  P  P  P  P  R  P",  # f = x2 gives x1 half (Du, Nu, Le)
}  # fmt: skip

SHAPLEY_OF_TWO = {("banzhaf", "completeness", 2), ("owen", "symmetry", 2)}  # with two features both are Shapley values


def matrix() -> list[Row]:
    rows = []
    for name, line in MATRIX.items():
        for prop, letter in zip(PROPERTIES, line.split(), strict=True):
            for n in (2, 3):
                verdict = P if (name, prop, n) in SHAPLEY_OF_TWO else {"P": P, "C": C, "R": R}[letter]
                needed = verdict == C and (name != "path_gradients" or prop == "completeness")
                rows.append(Row(Claim(get_property(prop), method(name), Every(n)), verdict, f"{name}, {prop}", needed))
    return rows


# single models and families ---------------------------------------------------------------------------------------------
def point(text: str) -> tuple[Fraction, ...]:
    return tuple(Q(q) for q in text.split())


def at(x: str | None = None, *baselines: str) -> Domain:
    return Domain(point(x) if x else None, tuple(map(point, baselines)) if baselines else None)


def formula(*values: str | Fraction) -> Property:
    names = [f"{k}{i}" for k in "xb" for i in (1, 2, 3)]
    return has_formula([parse_model(str(v), names).body for v in values])


def on(model: str, features: int = 2) -> Given:
    return Given(parse_model(model, [f"x{k + 1}" for k in range(features)]))


def row(
    source: str, verdict: str, prop: str | Property, name: str | Method, family: Family, domain: Domain | None = None
) -> Row:
    p = get_property(prop) if isinstance(prop, str) else prop
    m = get_method(name) if isinstance(name, str) else name
    return Row(Claim(p, m, family, domain or Domain()), verdict, source)


IG, GXI = "integrated_gradients", "gradient_x_input"
AXES = get_method("path_gradients", via="axes")
# up the diagonal, left, down, then the mirrored loop, then the diagonal: 3 IG - 2 Shapley on two features (UQ-04)
LOOP = get_method("path_gradients", via=[["1", "1"], ["0", "1"], ["0", "0"], ["1", "1"], ["1", "0"], ["0", "0"]])
ONE, ZERO = "1 1", "0 0"
TWO_KINKS = "3*x1 - 4*relu(x1 - 1/2) + 4*relu(x1 - 3/2)"
MIDPOINT = formula("(x1-b1)*(5*(x1+b1)/2 + 3*(x2+b2)/2)", "(x2-b2)*3*(x1+b1)/2")
HOLE = "ite(1 - 2*step(x1 - 1/4) + 2*step(x1 - 1/2), x1, 0)"  # x1, but 0 between 1/4 and 1/2
TOGETHER = get_method("owen", unions=[0, 0, 1])  # x1 and x2 in one union
FROM_3_TO_12 = Domain(None, (point("3"),), point("1"), point("2"))

ROWS = [
    row("IG-01", P, "completeness", IG, on("relu(relu(x1) - 1 - relu(x2)) + max(x1, x2)")),  # continuous
    row("IG-01", P, "completeness", IG, Dense((2, 2, 1))),  # every such network is continuous
    row("IG-02", R, "completeness", IG, on("step(x1 - 1/2)")),  # slope 0 everywhere, output changes by 1
    row("IG-02", R, "completeness", IG, on("step(x1 - 1/2) + x2"), at("1 0", ZERO)),  # 0 + 0 against 1
    row("IG-02", R, "completeness", IG, on("ite(x1 - 1/2, ite(x2 - 1/2, 1, 0), 0)")),  # indicator of a quadrant
    row("IG-02", P, formula(0, 0), IG, on("ite(x1 - 1/2, ite(1 - x1, 1, 0), 0)")),  # a box is flat inside branches
    row("IG-02", P, formula(0, 1), IG, on("max(x1, x2)"), at(ONE, ZERO)),  # tie: the branch of x2 along the path
    row("IG-02", P, formula(1, 0), IG, on("max(x2, x1)"), at(ONE, ZERO)),  # the same function, the other branch
    row("IG-03", P, "completeness", IG, on("max(x1, x2)"), at(ONE, ZERO)),  # complete inside the kink too: 0 + 1 = 1
    row("IG-03", P, "completeness", IG, on("relu(x1 - x2) - relu(x2 - x1)"), at(ONE, ZERO)),  # 0 + 0 = 0
    row("IG-04", P, formula(1, -1), IG, on("x1 - x2"), at(ONE, ZERO)),  # three programs of one function: c = 0
    row("IG-04", P, formula(0, 0), IG, on("relu(x1 - x2) - relu(x2 - x1)"), at(ONE, ZERO)),  # (2c, -2c)
    row("IG-04", P, formula(0, 0), IG, on("relu(relu(x1 - x2)) - relu(relu(x2 - x1))"), at(ONE, ZERO)),  # (2c^2, ...)
    row("IG-04", R, "implementation_invariance", IG, on("relu(x1 - x2) - relu(x2 - x1)")),  # mirrored: slope 2 in the kink
    row("IG-04", R, "implementation_invariance", IG, on("max(x1, x2)"), at(None, ZERO)),  # (0, 1) and (1, 0) at (1, 1)
    row("IG-04", R, "implementation_invariance", "gradient", on("relu(x1)", 1)),  # mirrored: slope 1 at 0
    row("IG-04", P, "implementation_invariance", "shapley", on("max(x1, x2)")),  # values only
    row("IG-04", C, "implementation_invariance", "gradient", on("step(x1)", 1)),  # some program has a slope at 0
    row("IG-04", C, "implementation_invariance", IG, on("x1 - x2")),  # the next program but two is another program of it
    row("IG-04", C, "symmetry", IG, on("max(x1, x2)")),  # (0, 1) along the diagonal; equal off it
    row("IG-04", C, "dummy", "gradient", on("x2")),  # x2 + x1 - relu(x1) + relu(-x1) at x1 = 0
    row("networks 6.2", P, formula(0, 1), IG, on("relu(relu(x2) - relu(x2 - x1))"), at(ONE, ZERO)),  # x2 - 0 on the path
    row("networks 6.2", P, formula(1, 0), IG, on("relu(relu(x1) - relu(x1 - x2))"), at(ONE, ZERO)),  # same function
    row("networks 6.2", R, agrees_with(get_method("shapley")), IG, on("relu(x2 - x1)")),  # (1, 2): see the two rows below
    row("networks 6.2", P, formula(-1, 2), IG, on("relu(x2 - x1)"), at("1 2", ZERO)),  # slopes (-1, 1) all along
    row("networks 6.2", P, formula("-1/2", "3/2"), "shapley", on("relu(x2 - x1)"), at("1 2", ZERO)),  # 0 and 2 alone, 1 both
    row("networks 6.2", P, formula("-1/3", "-2/3"), IG, on("relu(relu(1 - x2) - relu(x1))"), at("1 2", ZERO)),  # till a = 1/3
    row("networks 6.2", R, "completeness", GXI, on("-relu(1 - x1)", 1), at("2", "0")),  # 0 against 1
    row("BP-11", P, formula("3/2", "-1/2"), IG, on("relu(relu(x1 - 1) - relu(x2))"), at("3 1", ZERO)),  # on for a > 1/2
    row("BP-11", P, formula("3/2", "-1/2"), IG, on("relu(relu(x1) - 1 - relu(x2))"), at("3 1", ZERO)),  # same function
    row("IG-07", C, "dummy", IG, Dense((2, 2, 1))),  # off kinks, the slope in a feature that does not matter is 0
    row("IG-07", P, "linearity", IG, Dense((2, 2, 1))),  # of networks in parallel
    row("IG-08", P, agrees_with(get_method(GXI)), IG, Dense((2, 2, 1), bias=False), at(None, ZERO)),  # homogeneous, k = 1
    row("IG-08", R, agrees_with(get_method(GXI)), IG, Dense((2, 2, 1)), at(None, ZERO)),  # relu(x - 1) at 2
    row("IG-08", P, formula(1), IG, on("relu(x1 - 1)", 1), at("2", "0")),  # slope 1 on half the path, times 2
    row("IG-08", P, formula(2), GXI, on("relu(x1 - 1)", 1), at("2", "0")),  # 2 times slope 1
    row("IG-09", P, formula("(x1 - b1) * (x1 + b1)"), IG, on("x1**2", 1)),  # the slope at the midpoint
    row("IG-09", R, formula("(x1 - b1) * 3/4 * (x1 + b1)**2"), IG, on("x1**3", 1)),  # 3/4 against 1 from 0 to 1
    row("IG-10", P, formula("2/5*x1**2*x2**3", "3/5*x1**2*x2**3"), IG, on("x1**2 * x2**3"), at(None, ZERO)),  # a_i / |a|
    row("IG-12", P, formula(0, "1/2"), IG, on("min(x1, x2)"), at("1 1/2", ZERO)),  # x2 is the least all along
    row("IG-12", P, formula(1, 0), IG, on("min(x1, x2)"), at("1 2", ZERO)),  # raising x2 lowered its share
    row("IG-13", P, formula(1, 0), IG, on("max(x1, x2)"), at("1 9/10", ZERO)),  # x1 is the larger all along
    row("IG-13", P, formula(0, 1), IG, on("max(x1, x2)"), at("9/10 1", ZERO)),  # a jump of IG at (1, 1)
    row("IG-14", P, agrees_with(get_method("shapley")), IG, Multilinear(3)),  # Aumann-Shapley on multilinear games
    row("IG-14", R, agrees_with(get_method("shapley")), IG, on("x1 * x2**2")),  # the two rows below
    row("IG-14", P, formula("1/3", "2/3"), IG, on("x1 * x2**2"), at(ONE, ZERO)),  # powers 1 and 2
    row("IG-14", P, formula("1/2", "1/2"), "shapley", on("x1 * x2**2"), at(ONE, ZERO)),  # one pair, split equally
    row("IG-15", P, formula("-1/2", 3), IG, on("4*x1*x2**3 - 3/2*x1"), at(ONE, ZERO)),  # int 4a^3 - 3/2, int 12a^3
    row("IG-15", P, formula("1/2", 2), "shapley", on("4*x1*x2**3 - 3/2*x1"), at(ONE, ZERO)),  # -3/2 + 4/2, 4/2
    row("IG-17", P, formula("3/4", "1/4"), IG, on("x1 * x2"), at(ONE, "0 1/2")),  # int (1+a)/2, 1/2 int a
    row("IG-18", P, formula("7/4", "7/4"), method("expected_gradients"), on("x1 * x2"), at("2 2", ZERO, ONE)),  # (2 + 3/2) / 2
    row("IG-18", P, formula("15/8", "15/8"), IG, on("x1 * x2"), at("2 2", "1/2 1/2")),  # (4 - 1/4) / 2
    row("IG-21", N, "non_decreasing_positivity", "gradient", on("-x1", 1)),  # it speaks of models that do not fall
    row("IG-21", C, "non_decreasing_positivity", IG, Every(3)),
    row("IG-21", P, "null_displacement", IG, on("x1 * x2 + max(x1, x2)")),  # dx_i = 0
    row("UQ-04", P, formula(0, 1), LOOP, on("x1 * x2**2"), at(ONE, ZERO)),  # 3 (1/3, 2/3) - 2 (1/2, 1/2)
    row("UQ-04", P, formula("-1/4", "5/4"), LOOP, on("x1 * x2**3"), at(ONE, ZERO)),  # 3 (1/4, 3/4) - (1, 1)
    row("UQ-04", C, "symmetry", LOOP, Multilinear(2)),  # there 3 IG - 2 Shapley = IG
    row("UQ-06", P, formula(0, 1), AXES, on("x1 * x2"), at(ONE, ZERO)),  # x1 moves while x2 = 0
    row("UQ-06", R, "symmetry", AXES, on("x1 * x2")),
    row("UQ-07", R, "completeness", "banzhaf", on("x1 * x2 * x3", 3), at("1 1 1", "0 0 0")),  # 3/4 against 1
    row("UQ-07", P, formula("1/4", "1/4", "1/4"), "banzhaf", on("x1 * x2 * x3", 3), at("1 1 1", "0 0 0")),  # 2^-2 each
    row("UQ-07", P, agrees_with(get_method("banzhaf")), "shapley", Every(2)),  # both average two marginals
    row("UQ-07", R, agrees_with(get_method("banzhaf")), "shapley", Every(3)),  # 1/3 against 1/4 on x1 x2 x3
    row("Owen", P, formula("1/4", "1/4", "1/2"), TOGETHER, on("x1 * x2 * x3", 3), at("1 1 1", "0 0 0")),  # 1/2 1/2, 1/2
    row("Owen", P, formula("1/6", "1/6", "2/3"), "shapley", on("x3 * max(x1, x2)", 3), at("1 1 1", "0 0 0")),  # a glove game
    row("Owen", P, formula("1/4", "1/4", "1/2"), TOGETHER, on("x3 * max(x1, x2)", 3), at("1 1 1", "0 0 0")),  # owners unite
    row("Owen", P, "symmetry", TOGETHER, Every(3), Domain(features=(0, 1))),  # within a union
    row("Owen", R, "symmetry", TOGETHER, on("x1 * x2 * x3", 3)),  # across unions
    row("Owen", P, agrees_with(get_method("shapley")), get_method("owen", unions=[0, 0, 0]), Every(3)),  # one union
    row("Owen", P, agrees_with(get_method("shapley")), get_method("owen", unions=[0, 1, 2]), Every(3)),  # unions of one
    row("Owen", R, agrees_with(get_method("shapley")), TOGETHER, Every(3)),  # the two rows on x3 max(x1, x2)
    row("VA-06", R, "completeness", "gradient_x_displacement", on("1 - relu(1 - x1)", 1), at("2", "0")),  # slope 0, change 1
    row("VA-06", P, formula(0), "gradient", on("1 - relu(1 - x1)", 1), at("2", "0")),
    row("VA-07", R, "completeness", "occlusion", on("x1 * x2"), at(ONE, ZERO)),  # 2 against 1
    row("VA-08", P, formula("x1**2", "x2**2"), "occlusion", on("x1**2 + x2**2"), at(None, ZERO)),  # additive, not linear
    row("VA-08", P, agrees_with(get_method("shapley")), IG, on("x1**2 + x2**2"), at(None, ZERO)),
    row("VA-09", P, formula(0, 0), "shapley", on("x1 + x2 - 2*x1*x2"), at(ONE, ZERO)),  # (1 + (-1)) / 2
    row("VA-09", P, formula(0, 0), IG, on("x1 + x2 - 2*x1*x2"), at(ONE, ZERO)),  # int 1 - 2a = 0
    row("GM-11", P, formula("1/3", "1/3", "1/3"), "shapley", on("x1 * x2 * x3", 3), at("1 1 1", "0 0 0")),  # AND of three
    row("IM-01", P, formula(1), IG, on(TWO_KINKS, 1), at("1", "0")),  # g(1) - g(0) = 1, as for g = x1
    row("IM-01", P, formula(-1), "gradient", on(TWO_KINKS, 1), at("1", "0")),  # 3 - 4, against 1 for g = x1
    row("FP-01", P, MIDPOINT, IG, on("5/2*x1**2 + 3*x1*x2")),  # slopes at the midpoint
    row("IG-14", R, agrees_with(get_method("shapley")), IG, Every(2)),  # relu(x2 - x1)
    row("IG-11", P, formula("x1 - 3"), IG, on("relu(x1)", 1), FROM_3_TO_12),  # never off
    row("jumping guard", R, formula(0), IG, on("ite(2*step(x1 - 1/2) - 1, x1, 0)", 1), at("1", "0")),  # on for a > 1/2: 1/2
    row("jumping guard", R, "completeness", IG, on(HOLE, 1), at("1", "0")),  # 3/4 against 1
    row("jumping guard", P, formula("1/2"), IG, on("ite(2*step(x1 - 1/2) - 1, x1, 0)", 1), at("1", "0")),
]  # fmt: skip
