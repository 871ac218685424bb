"""Clusters at serving: of any algorithm, in one form."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

import slipway
from slipway import Answers, Array, Column, Table, arrow

from .centres import Centres
from .densities import Densities
from .gaussians import Gaussians
from .options import Options

Clusters = Centres | Densities

_KINDS: dict[str, type[Clusters]] = {kind.__name__: kind for kind in (Centres, Gaussians, Densities)}


class Model(slipway.Model):
    """Clusters in the space that they were found in: the columns as they are, or standardised.

    `fill`, `shift` and `scale` have one entry per column. A missing cell counts as `fill`, the column's mean
    in training, so that every row gets an answer.
    """

    options: ClassVar = Options
    task = "clustering"

    def __init__(
        self, names: Sequence[str], clusters: Clusters, fill: Array, shift: Array, scale: Array
    ) -> None:
        self.columns = [Column(name=name) for name in names]
        self.clusters = clusters
        self.fill = fill
        self.shift = shift
        self.scale = scale
        self._scaled = bool((shift != 0).any() or (scale != 1).any())

    @classmethod
    def with_centres(
        cls, names: Sequence[str], centres: Array, fill: Array, shift: Array, scale: Array
    ) -> Self:
        """A model of k-means."""
        return cls(names, Centres(centres, (fill - shift) / scale), fill, shift, scale)

    def moved(self, centres: Array) -> Self:
        """The same model of k-means with other centres."""
        return self.with_centres(self.names, centres, self.fill, self.shift, self.scale)

    @property
    def centres(self) -> Array:
        """Of shape (k, columns)."""
        return self.clusters.centres

    def predict(self, table: Table, options: Options) -> Answers:
        """The cluster and the distance to it, named and typed as the built-in k-means does.

        https://docs.aws.amazon.com/sagemaker/latest/dg/km-in-formats.html
        """
        points = self.place(table.matrix)
        if options.ids:
            columns = {"closest_cluster": self.clusters.nearest(points)}
        else:
            nearest, distances = self.clusters.assigned(points)
            columns = {"closest_cluster": nearest.astype(np.float64), "distance_to_cluster": distances}
        if options.memberships:
            columns["memberships"] = arrow.objects(self.clusters.memberships(points).tolist())
        return Answers(columns)

    def place(self, matrix: Array) -> Array:
        """`matrix` in the space of the clusters: gaps filled, columns standardised where training did so."""
        gaps = np.isnan(matrix)
        if gaps.any():
            matrix = np.where(gaps, self.fill, matrix)
        return (matrix - self.shift) / self.scale if self._scaled else matrix

    def nearest(self, points: Array) -> Array:
        """The cluster of each point; `points` as `place` gives them."""
        return self.clusters.nearest(points)

    def warm(self) -> None:
        """What a first request would wait for: search trees, where the clusters have some."""
        self.clusters.assigned(self.centres[:1])

    def save(self, folder: Path) -> None:
        """Numbers only, so plain NumPy arrays, never a pickle."""
        arrays = {
            "kind": np.array(type(self.clusters).__name__),
            "columns": np.array(self.names),
            "fill": self.fill,
            "shift": self.shift,
            "scale": self.scale,
            **self.clusters.arrays(),
        }
        np.savez(folder / "centres.npz", **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> Self:
        with np.load(folder / "centres.npz", allow_pickle=False) as stored:
            names = [str(name) for name in stored["columns"]]
            fill, shift, scale = stored["fill"], stored["shift"], stored["scale"]
            # Models from before there were other algorithms have no kind.
            kind = _KINDS[str(stored.get("kind", Centres.__name__))]
            return cls(names, kind.of(stored, (fill - shift) / scale), fill, shift, scale)
