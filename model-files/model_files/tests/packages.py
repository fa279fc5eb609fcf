"""Small packages that know nothing of flights, made in a moment: what the service's own tests are served."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from model_files.card import Chapter
from model_files.evaluation import Evaluation
from model_files.packaging import Draft, package


def no_chapters(_: Evaluation) -> tuple[Chapter, ...]:
    """A card without pictures, which take longer than all the rest."""
    return ()


def iris(folder: Path, version: str = "1") -> Path:
    """Write ``iris``: three classes of text, four numbers, fitted on an array; ``probabilities``."""
    data = load_iris(as_frame=True)
    frame = data.data.assign(species=data.target_names[data.target])
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data.to_numpy(), frame["species"])
    return package(estimator, frame, _draft("iris", "species", version), folder)


def wine(folder: Path, version: str = "1") -> Path:
    """Write ``wine``: three classes, thirteen numbers, a model that gives no probabilities; ``label_index``."""
    frame = load_wine(as_frame=True).frame
    estimator = make_pipeline(StandardScaler(), LinearSVC(random_state=0)).fit(
        frame.drop(columns="target").to_numpy(), frame["target"]
    )
    return package(estimator, frame, _draft("wine", "target", version), folder)


def diabetes(folder: Path, version: str = "1") -> Path:
    """Write ``diabetes``: a regression on ten numbers, fitted on a data frame; ``value``."""
    frame = load_diabetes(as_frame=True, scaled=False).frame
    estimator = RandomForestRegressor(20, max_depth=6, random_state=0).fit(
        frame.drop(columns="target"), frame["target"]
    )
    return package(estimator, frame, _draft("diabetes", "target", version), folder)


def mixed(folder: Path, version: str = "1") -> Path:
    """Write ``mixed``: two classes of text from text, numbers that may be missing, integers and booleans; ``probability``.

    A category that was never seen is answered and counted.
    """
    frame = mixed_rows()
    draft = Draft(name="mixed", version=version, target="outcome", unseen="count", tell=no_chapters)
    return package(mixed_pipeline().fit(frame.drop(columns="outcome"), frame["outcome"]), frame, draft, folder)


def mixed_rows(rows: int = 400) -> pd.DataFrame:
    """Rows of every type of feature, with the target ``outcome``."""
    generator = np.random.default_rng(7)
    city = generator.choice(["Arica", "Calama", "Lima", "Punta Arenas"], rows)
    stops = generator.integers(0, 4, rows)
    member = generator.random(rows) < 0.3
    age = generator.normal(40, 12, rows).round(1)
    late = (city == "Lima") ^ (stops > 1) ^ (member & (age > 45)) ^ (generator.random(rows) < 0.1)
    age[generator.random(rows) < 0.1] = np.nan
    outcome = np.where(late, "late", "early")
    return pd.DataFrame({"city": city, "age": age, "stops": stops, "member": member, "outcome": outcome})


def mixed_pipeline() -> Pipeline:
    """An unfitted pipeline for :func:`mixed_rows`."""
    columns = ColumnTransformer(
        [
            ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "stops"]),
        ],
        remainder="passthrough",
    )
    return make_pipeline(columns, LogisticRegression())


def _draft(name: str, target: str, version: str) -> Draft:
    return Draft(name=name, version=version, target=target, tell=no_chapters)
