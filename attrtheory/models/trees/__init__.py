"""Trees and sums of trees, and how they come in: scikit-learn estimators, XGBoost and LightGBM files, as data only."""

from attrtheory.models.trees.forest import Forest
from attrtheory.models.trees.leaves import Leaf, leaves
from attrtheory.models.trees.lightgbm import from_lightgbm
from attrtheory.models.trees.sklearn import from_sklearn
from attrtheory.models.trees.tree import Tree, tree_of
from attrtheory.models.trees.xgboost import from_xgboost

__all__ = ["Forest", "Leaf", "Tree", "from_lightgbm", "from_sklearn", "from_xgboost", "leaves", "tree_of"]
